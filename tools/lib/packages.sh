# shellcheck shell=bash
# Sourced by tests/run and tools/demo.
#
# install_missing PACKAGE...: installs the Debian packages that are missing, and names them. If it can't (no apt-get, neither
# root nor sudo), it says what to install by hand, and fails. With SHMBUS_SKIP_PACKAGES=1 it checks and installs nothing.

_install_by_hand() { # REASON PACKAGE...
  {
    echo "${0##*/}: $1. Please install by hand:"
    echo "    apt-get install ${*:2}"
    echo "or the packages of your system that contain the same. SHMBUS_SKIP_PACKAGES=1 in the environment skips this check."
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
    [[ -t 0 && -z ${CI:-} ]] || as_root+=(-n) # no person can type a password
  fi

  echo "installing missing packages: ${missing[*]}" >&2
  local apt=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0)
  { "${apt[@]}" update && "${apt[@]}" install --no-install-recommends "${missing[@]}"; } </dev/null >&2 ||
    _install_by_hand "apt-get failed (see above)" "${missing[@]}"
}

# unpack_package PACKAGE FOLDER: unpacks a Debian package into a folder, without its dependencies. No file of the system
# changes, and no service starts. If it can't, it says so and goes on: what needs the package is then left out.
unpack_package() {
  [[ -e $2/.$1 || ${SHMBUS_SKIP_PACKAGES:-} == 1 ]] && return 0
  echo "fetching $1, to be unpacked in $2" >&2
  mkdir -p "$2"
  (
    cd "$2"
    # The package lists may be old or missing; only root can renew them.
    apt-get -q download "$1" || { ((EUID == 0)) && apt-get -q update && apt-get -q download "$1"; }
    dpkg-deb -x "$1"_*.deb . && rm -f "$1"_*.deb && touch ".$1"
  ) </dev/null >&2 || echo "${0##*/}: $1 could not be fetched; what needs it is left out" >&2
}

# compiler_launcher: prints `ccache` if it is installed, has a folder to write to and is not disabled. Without it
# precompiled headers are used, which is faster than an empty cache.
compiler_launcher() {
  local dir=${CCACHE_DIR:-${HOME:-}}
  if [[ -z ${CCACHE_DISABLE:-} ]] && command -v ccache >/dev/null && [[ -n $dir && -w $dir ]]; then echo ccache; fi
}
