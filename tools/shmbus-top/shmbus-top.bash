# Bash completion for shmbus-top(1).

_shmbus_top() {
  local word=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]} choices
  COMPREPLY=()
  case $previous in
    -p | --pane) choices="topics subscribers publishers nodes journals durables groups" ;;
    -u | --units) choices="binary decimal exact" ;;
    -n | --count | -d | --delay | -s | --sort | -f | --filter) return ;;
    *)
      if [[ $word == -* ]]; then
        choices="--help --version --bus --batch --json --count --delay --pane --sort --reverse --filter --units"
      else
        choices=$(command shmbus ls --buses 2>/dev/null)
      fi
      ;;
  esac
  mapfile -t COMPREPLY < <(compgen -W "$choices" -- "$word")
}

complete -F _shmbus_top shmbus-top
