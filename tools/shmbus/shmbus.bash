# Bash completion for shmbus(1).

_shmbus_topics() {
  command shmbus ${bus:+--bus "$bus"} ls 2>/dev/null | awk 'NR > 1 { print $1 }'
}

_shmbus_durables() {
  command shmbus ${bus:+--bus "$bus"} durable 2>/dev/null | awk 'NR > 1 { print $1 }' | sort -u
}

_shmbus() {
  local word=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]} verb="" bus="" i
  local verbs="ls info ports stat pub sub hz tail replay trace topic who durable doctor gc forget rm help"
  COMPREPLY=()
  for ((i = 1; i < COMP_CWORD; i++)); do
    case ${COMP_WORDS[i]} in
      -b | --bus) bus=${COMP_WORDS[++i]} ;;
      -*) ;;
      *) [[ -n $verb ]] || verb=${COMP_WORDS[i]} ;;
    esac
  done

  local options="--help --bus"
  case $verb in
    "") options+=" --version" ;;
    ls) options+=" --buses --json" ;;
    info | ports | who | durable | doctor) options+=" --json" ;;
    stat) options+=" --topic --json" ;;
    pub) options+=" --lines --block-size --blocks --exclusive --as-type --header --key --traceparent" ;;
    sub) options+=" --from --count --json --raw --topic-name --reliable --demote-after --durable" ;;
    tail) options+=" --last --follow --json --raw --topic-name" ;;
    replay) options+=" --from --speed --quick --into --count --json --raw --topic-name" ;;
    trace) options+=" --last --slowest --failed --dead --since --json --otlp --perfetto" ;;
    hz) options+=" --interval --count --json" ;;
    topic) options+=" --block-size --blocks --exclusive --reserve --no-timestamps --accept-raw --mode --group --strict" ;;
    gc) options+=" --yes --json" ;;
    rm) options+=" --topic --force" ;;
  esac

  local choices
  case $previous in
    -b | --bus | --into) choices=$(command shmbus ls --buses 2>/dev/null) ;;
    --topic) choices=$(_shmbus_topics) ;;
    --last) # of tail a number, of trace a topic
      [[ $verb == trace ]] || return
      choices=$(_shmbus_topics)
      ;;
    --otlp | --perfetto)
      mapfile -t COMPREPLY < <(compgen -f -- "$word")
      return
      ;;
    --durable) choices=$(_shmbus_durables) ;;
    --from) choices="latest oldest seq: last: time:" ;;
    --count | --slowest | --since | --speed | --interval | --block-size | --blocks | --demote-after | --mode | --group | --header | --key | --traceparent) return ;;
    *)
      if [[ $word == -* ]]; then
        choices=$options
      elif [[ -z $verb ]]; then
        choices=$verbs
      else
        case $verb in
          ls | info | ports | pub | sub | hz | tail | replay | topic) choices=$(_shmbus_topics) ;;
          forget) choices=$(_shmbus_durables) ;;
          help) choices=$verbs ;;
          *) return ;;
        esac
      fi
      ;;
  esac
  mapfile -t COMPREPLY < <(compgen -W "$choices" -- "$word")
}

complete -F _shmbus shmbus
