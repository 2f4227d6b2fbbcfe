#compdef shmbus
# Zsh completion for shmbus(1).

_shmbus_buses() {
  local -a buses
  buses=(${(f)"$(command shmbus ls --buses 2>/dev/null)"})
  _describe -t buses bus buses
}

_shmbus_topics() {
  local -a topics
  local bus=${opt_args[--bus]:-${opt_args[-b]}}
  topics=(${(f)"$(command shmbus ${bus:+--bus=$bus} ls 2>/dev/null | awk 'NR > 1 { print $1 }')"})
  _describe -t topics topic topics
}

_shmbus_durables() {
  local -a durables
  local bus=${opt_args[--bus]:-${opt_args[-b]}}
  durables=(${(fu)"$(command shmbus ${bus:+--bus=$bus} durable 2>/dev/null | awk 'NR > 1 { print $1 }')"})
  _describe -t durables 'durable name' durables
}

_shmbus_groups() {
  local -a groups
  local bus=${opt_args[-b]:-${opt_args[--bus]:-}}
  groups=(${(fu)"$(command shmbus ${bus:+--bus=$bus} groups 2>/dev/null | awk 'NR > 1 { print $2 }')"})
  _describe -t groups group groups
}

_shmbus_verbs() {
  local -a verbs
  verbs=(
    'ls:list the topics of a bus, or the buses of this machine'
    'info:show all that is known of one topic'
    'ports:list publishers and subscribers, with what they did'
    'stat:print rates per second of what happens on the bus'
    'pub:publish events on a topic'
    'sub:print events as they come'
    'hz:measure how often events come'
    'tail:print the last events'
    'replay:print retained events at the pace they came'
    'trace:follow an event through all handlers'
    'topic:create a topic ahead of its first publisher'
    'journal:list, check, print or prune what topics wrote to disk'
    'who:list the processes that hold others back'
    'durable:list durable subscriptions, and how far they have come'
    'groups:list groups, with what is leased and what waits'
    'group:show a group, or remove it'
    'take:take events from a group'
    'dead:list dead letters, redeliver or drop them'
    'doctor:find limits, traps and what crashes left'
    'gc:free what dead processes left'
    'forget:forget a durable subscription'
    'rm:remove a bus, or one topic'
    'help:explain the program, or a verb'
  )
  _describe -t verbs verb verbs
}

_shmbus() {
  local context state line
  typeset -A opt_args
  local -a bus json print size
  bus=('(-b --bus)'{-b,--bus}'[the bus]:bus:_shmbus_buses' '(- *)'{-h,--help}'[explain]')
  json=('(-j --json)'{-j,--json}'[one JSON object per line]')
  print=($json '(-r --raw)'{-r,--raw}'[payloads alone, on a terminal too]'
    '(-t --topic-name)'{-t,--topic-name}'[begin raw lines with the topic]')
  size=('--block-size[bytes of a block]:size:' '--blocks[blocks the ring retains]:number:'
    '--exclusive[one publisher at a time]'
    '--journal[write events to disk]:policy:(page-cache interval\: batch)' '--retain-bytes[what the journal keeps]:size:'
    '--retain-age[how long the journal keeps events]:time:')

  _arguments -C $bus '(- *)--version[print the version]' '1:verb:_shmbus_verbs' '*::argument:->argument' && return
  [[ $state == argument ]] || return
  case $words[1] in
    ls) _arguments $bus $json '--buses[list the buses instead]' '1:pattern:_shmbus_topics' ;;
    info) _arguments $bus $json '1:topic:_shmbus_topics' ;;
    ports) _arguments $bus $json '1:topic:_shmbus_topics' ;;
    stat) _arguments $bus $json '(-t --topic)'{-t,--topic}'[only this topic]:topic:_shmbus_topics' '1:seconds:' '2:lines:' ;;
    pub) _arguments $bus $size '(-l --lines)'{-l,--lines}'[each line is an event]' \
      '--as-type[payloads are values of the type]' '*--header[travels with each event]:name=value:' \
      '--key[what each event is about]:text:' '--traceparent[W3C trace context of each event]:text:' \
      '1:topic:_shmbus_topics' '2:text:' ;;
    sub) _arguments $bus $print '(-f --from)'{-f,--from}'[where to begin]:start:(latest oldest seq\: last\: time\:)' \
      '(-n --count)'{-n,--count}'[end after this number of events]:number:' '--reliable[lose nothing]' \
      '--demote-after[become lossy after this time of holding publishers back]:time:' \
      '--hold-for[let publishers wait this long for the next one of the name]:time:' \
      '(-d --durable)'{-d,--durable}'[go on under this name]:name:_shmbus_durables' '1:pattern:_shmbus_topics' ;;
    hz) _arguments $bus $json '(-i --interval)'{-i,--interval}'[seconds]:seconds:' \
      '(-n --count)'{-n,--count}'[end after this number of lines]:number:' '1:topic:_shmbus_topics' ;;
    tail) _arguments $bus $print '(-n --last)'{-n,--last}'[how many of each topic]:number:' \
      '(-f --follow)'{-f,--follow}'[go on with new events]' '1:pattern:_shmbus_topics' ;;
    replay) _arguments $bus $print '(-f --from)'{-f,--from}'[where to begin]:start:(latest oldest seq\: last\: time\:)' \
      '(-s --speed)'{-s,--speed}'[speed factor]:factor:' '(-q --quick)'{-q,--quick}'[without pauses]' \
      '(-i --into)'{-i,--into}'[publish on this bus]:bus:_shmbus_buses' \
      '(-n --count)'{-n,--count}'[end after this number of events]:number:' '1:pattern:_shmbus_topics' ;;
    trace) _arguments $bus $json '(-l --last)'{-l,--last}'[the newest event of a topic]:topic:_shmbus_topics' \
      '(-n --slowest)'{-n,--slowest}'[only the N slowest]:number:' '--failed[where a handler failed]' \
      '--dead[where a process died in a handler]' '(-s --since)'{-s,--since}'[not older than this]:time:' \
      '--otlp[write or send OpenTelemetry spans]:file or URL:_files' \
      '--perfetto[write a picture for ui.perfetto.dev]:file:_files' '1:event:' ;;
    topic) _arguments $bus $size '--skip-when-behind[do not wait for the disk]' \
      '--unrecorded-limit[how long to wait while nobody records]:time:' '--segment-file[bytes of a file of the journal]:size:' \
      '--reserve[take all memory now]' '--no-timestamps[events without time]' \
      '--accept-raw[raw bytes beside a type]' '--mode[access in octal]:mode:' '--group[owner group]:group:_groups' \
      '--strict[fail where it has other options]' '1:name:_shmbus_topics' ;;
    group) _arguments $bus $json '(-n --events)'{-n,--events}'[how many unsettled events]:number:' \
      '--remove[remove the group]' '1:topic:_shmbus_topics' '2:group:_shmbus_groups' ;;
    take) _arguments $bus $print '(-n --count)'{-n,--count}'[end after this number of events]:number:' \
      '(-a --ack)'{-a,--ack}'[acknowledge what is printed]' '(-x --exec)'{-x,--exec}'[run this for each event]:command:' \
      '--timeout[end after this time without an event]:time:' \
      '(-f --from)'{-f,--from}'[where a new group begins]:start:(latest oldest seq\: last\: time\:)' \
      '1:topic:_shmbus_topics' '2:group:_shmbus_groups' ;;
    dead) _arguments $bus $json '--redeliver[publish them again]' '--drop[take them off the list]' '--all[all of the list]' \
      '(-g --group)'{-g,--group}'[only of this group]:group:_shmbus_groups' '1:topic:_shmbus_topics' '2:numbers:' ;;
    who | durable | groups | doctor) _arguments $bus $json ;;
    journal) _arguments $bus $print '(-d --journals)'{-d,--journals}'[where the journals lie]:folder:_files -/' \
      '(-f --from)'{-f,--from}'[where to begin]:start:(oldest seq\: last\: time\:)' \
      '(-n --count)'{-n,--count}'[end after this number of events]:number:' '--before[files with numbers below]:number:' \
      '--older[files with older events]:time:' '--to[until the rest is as small]:size:' '(-y --yes)'{-y,--yes}'[do it]' \
      '1:action:(ls verify export prune)' '2:topic:_shmbus_topics' ;;
    gc) _arguments $bus $json '(-y --yes)'{-y,--yes}'[do it]' ;;
    forget) _arguments $bus '1:name:_shmbus_durables' ;;
    rm) _arguments $bus '(-t --topic)'{-t,--topic}'[only this topic]:topic:_shmbus_topics' \
      '(-f --force)'{-f,--force}'[although it is in use]' \
      '--journal[what was written to disk, too]' ;;
    help) _arguments '1:verb:_shmbus_verbs' ;;
  esac
}

_shmbus "$@"
