# Bash completion for shmbus(1).

_shmbus_topics() {
  command shmbus ${bus:+--bus "$bus"} ls 2>/dev/null | awk 'NR > 1 { print $1 }'
}

_shmbus_durables() {
  command shmbus ${bus:+--bus "$bus"} durable 2>/dev/null | awk 'NR > 1 { print $1 }' | sort -u
}

_shmbus_groups() { # of a topic, or of all
  command shmbus ${bus:+--bus "$bus"} groups 2>/dev/null | awk -v topic="$1" 'NR > 1 && (topic == "" || $1 == topic) { print $2 }' | sort -u
}

_shmbus() {
  local word=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]} verb="" bus="" i
  local verbs="ls info ports stat pub sub hz tail replay trace topic journal who durable groups group take dead doctor gc forget rm help"
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
    info | ports | who | durable | groups | doctor) options+=" --json" ;;
    stat) options+=" --topic --json" ;;
    pub) options+=" --lines --block-size --blocks --exclusive --journal --retain-bytes --retain-age --as-type --header --key --traceparent" ;;
    sub) options+=" --from --count --json --raw --topic-name --reliable --demote-after --durable --hold-for" ;;
    tail) options+=" --last --follow --json --raw --topic-name" ;;
    replay) options+=" --from --speed --quick --into --count --json --raw --topic-name" ;;
    trace) options+=" --last --slowest --failed --dead --since --json --otlp --perfetto" ;;
    hz) options+=" --interval --count --json" ;;
    topic) options+=" --block-size --blocks --exclusive --journal --retain-bytes --retain-age --skip-when-behind --unrecorded-limit --segment-file --reserve --no-timestamps --accept-raw --mode --group --strict" ;;
    journal) options+=" --journals --from --count --json --raw --topic-name --before --older --to --yes" ;;
    group) options+=" --events --json --remove" ;;
    take) options+=" --count --ack --exec --timeout --from --json --raw --topic-name" ;;
    dead) options+=" --redeliver --drop --all --group --json" ;;
    gc) options+=" --yes --json" ;;
    rm) options+=" --topic --force --journal" ;;
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
    --group) # of topic one of the system
      [[ $verb == dead ]] || return
      choices=$(_shmbus_groups "")
      ;;
    --journals)
      mapfile -t COMPREPLY < <(compgen -d -- "$word")
      return
      ;;
    --journal)
      [[ $verb != rm ]] || return
      choices="page-cache interval: batch"
      ;;
    --from) choices="latest oldest seq: last: time:" ;;
    --count | --events | --timeout | --exec | --slowest | --since | --speed | --interval | --block-size | --blocks | --demote-after | --hold-for | --mode | --retain-bytes | --retain-age | --unrecorded-limit | --segment-file | --before | --older | --to | --header | --key | --traceparent) return ;;
    *)
      if [[ $word == -* ]]; then
        choices=$options
      elif [[ -z $verb ]]; then
        choices=$verbs
      else
        case $verb in
          ls | info | ports | pub | sub | hz | tail | replay | topic | dead) choices=$(_shmbus_topics) ;;
          group | take)
            if [[ $previous == "$verb" ]]; then choices=$(_shmbus_topics); else choices=$(_shmbus_groups "$previous"); fi
            ;;
          forget) choices=$(_shmbus_durables) ;;
          help) choices=$verbs ;;
          journal)
            if [[ $previous == journal ]]; then choices="ls verify export prune"; else choices=$(_shmbus_topics); fi
            ;;
          *) return ;;
        esac
      fi
      ;;
  esac
  mapfile -t COMPREPLY < <(compgen -W "$choices" -- "$word")
}

complete -F _shmbus shmbus
