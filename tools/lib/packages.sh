# shellcheck shell=bash
# Sourced by tests/run and tools/demo.
#
# install_missing PACKAGE...: installs those Debian packages that are missing, and says so. Where it cannot (no apt-get,
# neither root nor sudo), it says what to install by hand, and fails. SHMBUS_SKIP_PACKAGES=1 takes all for installed.

_install_by_hand() { # REASON PACKAGE...
  {
    echo "${0##*/}: $1. Please install by hand:"
    echo "    apt-get install ${*:2}"
    echo "or what your system calls them; with SHMBUS_SKIP_PACKAGES=1 in the environment nothing is checked."
  } >&2
  return 1
}

install_missing() {
  [[ ${SHMBUS_SKIP_PACKAGES:-} == 1 ]] && return 0

  local package missing=() as_root=()
  if command -v dpkg-query >/dev/null; then
    for package; do
      dpkg-query -W -f='${db:Status-Status}\n' "$package" 2>/dev/null | grep -qx installed || missing+=("$package")
    done
    ((${#missing[@]})) || return 0
  else
    missing=("$@")
  fi

  command -v apt-get >/dev/null || { _install_by_hand "there is no apt-get here" "${missing[@]}"; return; }
  if ((EUID != 0)); then
    command -v sudo >/dev/null || { _install_by_hand "not root, and there is no sudo" "${missing[@]}"; return; }
    as_root=(sudo)
    [[ -t 0 && -z ${CI:-} ]] || as_root+=(-n) # nobody there to type a password
  fi

  echo "installing missing packages: ${missing[*]}" >&2
  local apt=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0)
  { "${apt[@]}" update && "${apt[@]}" install --no-install-recommends "${missing[@]}"; } </dev/null >&2 ||
    _install_by_hand "apt-get failed (see above)" "${missing[@]}"
}

# unpack_package PACKAGE FOLDER: unpacks a Debian package there, and what it depends on is left to the system: no file of
# the system changes, no service starts. Where it cannot, it says so and goes on: tests that need it are skipped then.
unpack_package() {
  [[ -e $2/.$1 || ${SHMBUS_SKIP_PACKAGES:-} == 1 ]] && return 0
  echo "fetching $1, to be unpacked in $2" >&2
  mkdir -p "$2"
  (
    cd "$2"
    # Lists may be old, or not there; only root can renew them.
    apt-get -q download "$1" || { ((EUID == 0)) && apt-get -q update && apt-get -q download "$1"; }
    dpkg-deb -x "$1"_*.deb . && rm -f "$1"_*.deb && touch ".$1"
  ) </dev/null >&2 || echo "${0##*/}: $1 could not be fetched; what needs it is skipped" >&2
}

# compiler_launcher: prints `ccache` where it is installed, has somewhere to write and is not disabled. Without it
# precompiled headers are used, which builds faster than a cache that is empty.
compiler_launcher() {
  local dir=${CCACHE_DIR:-${HOME:-}}
  if [[ -z ${CCACHE_DISABLE:-} ]] && command -v ccache >/dev/null && [[ -n $dir && -w $dir ]]; then echo ccache; fi
}
