# Fish completion for shmbus(1).

function __shmbus_bus
    set -l words (commandline -opc)
    for i in (seq (count $words))
        if contains -- $words[$i] -b --bus; and test $i -lt (count $words)
            echo --bus=$words[(math $i + 1)]
        end
    end
end

function __shmbus_topics
    command shmbus (__shmbus_bus) ls 2>/dev/null | awk 'NR > 1 { print $1 }'
end

function __shmbus_durables
    command shmbus (__shmbus_bus) durable 2>/dev/null | awk 'NR > 1 { print $1 }' | sort -u
end

function __shmbus_groups
    command shmbus (__shmbus_bus) groups 2>/dev/null | awk 'NR > 1 { print $2 }' | sort -u
end

function __shmbus_buses
    command shmbus ls --buses 2>/dev/null
end

set -l verbs ls info ports stat pub sub hz tail replay trace topic journal who durable groups group take dead doctor gc forget rm help

complete -c shmbus -f
complete -c shmbus -s b -l bus -x -a '(__shmbus_buses)' -d 'The bus'
complete -c shmbus -s h -l help -d 'Explain'
complete -c shmbus -n "not __fish_seen_subcommand_from $verbs" -l version -d 'Print the version'

complete -c shmbus -n "not __fish_seen_subcommand_from $verbs" -a ls -d 'List topics, or buses'
complete -c shmbus -n "not __fish_seen_subcommand_from $verbs" -a info -d 'Show all that is known about one topic'
complete -c shmbus -n "not __fish_seen_subcommand_from $verbs" -a ports -d 'List publishers and subscribers'
complete -c shmbus -n "not __fish_seen_subcommand_from $verbs" -a stat -d 'Print rates per second'
complete -c shmbus -n "not __fish_seen_subcommand_from $verbs" -a pub -d 'Publish events'
complete -c shmbus -n "not __fish_seen_subcommand_from $verbs" -a sub -d 'Print events as they arrive'
complete -c shmbus -n "not __fish_seen_subcommand_from $verbs" -a hz -d 'Measure how often events arrive'
complete -c shmbus -n "not __fish_seen_subcommand_from $verbs" -a tail -d 'Print the last events'
complete -c shmbus -n "not __fish_seen_subcommand_from $verbs" -a replay -d 'Print retained events at their pace'
complete -c shmbus -n "not __fish_seen_subcommand_from $verbs" -a trace -d 'Follow an event through all handlers'
complete -c shmbus -n "not __fish_seen_subcommand_from $verbs" -a topic -d 'Create a topic'
complete -c shmbus -n "not __fish_seen_subcommand_from $verbs" -a journal -d 'List, check, print or prune journals'
complete -c shmbus -n "not __fish_seen_subcommand_from $verbs" -a who -d 'List processes that hold others back'
complete -c shmbus -n "not __fish_seen_subcommand_from $verbs" -a durable -d 'List durable subscriptions'
complete -c shmbus -n "not __fish_seen_subcommand_from $verbs" -a groups -d 'List groups'
complete -c shmbus -n "not __fish_seen_subcommand_from $verbs" -a group -d 'Show a group, or remove it'
complete -c shmbus -n "not __fish_seen_subcommand_from $verbs" -a take -d 'Take events from a group'
complete -c shmbus -n "not __fish_seen_subcommand_from $verbs" -a dead -d 'List dead letters, redeliver or drop them'
complete -c shmbus -n "not __fish_seen_subcommand_from $verbs" -a doctor -d 'Find limits, traps and leftovers'
complete -c shmbus -n "not __fish_seen_subcommand_from $verbs" -a gc -d 'Free what dead processes left'
complete -c shmbus -n "not __fish_seen_subcommand_from $verbs" -a forget -d 'Forget a durable subscription'
complete -c shmbus -n "not __fish_seen_subcommand_from $verbs" -a rm -d 'Remove a bus, or one topic'
complete -c shmbus -n "not __fish_seen_subcommand_from $verbs" -a help -d 'Explain the program, or a verb'

complete -c shmbus -n '__fish_seen_subcommand_from ls info ports pub sub hz tail replay topic group take dead' -a '(__shmbus_topics)'
complete -c shmbus -n '__fish_seen_subcommand_from journal' -a 'ls verify export prune'
complete -c shmbus -n '__fish_seen_subcommand_from help' -a "$verbs"
complete -c shmbus -n '__fish_seen_subcommand_from ls info ports stat sub hz tail replay trace journal who durable groups group take dead doctor gc' -s j -l json -d 'JSON'
complete -c shmbus -n '__fish_seen_subcommand_from ls' -l buses -d 'List the buses instead'
complete -c shmbus -n '__fish_seen_subcommand_from stat rm' -s t -l topic -x -a '(__shmbus_topics)' -d 'Only this topic'
complete -c shmbus -n '__fish_seen_subcommand_from pub' -s l -l lines -d 'Each line is an event'
complete -c shmbus -n '__fish_seen_subcommand_from pub' -l as-type -d 'Payloads are values of the type'
complete -c shmbus -n '__fish_seen_subcommand_from pub' -l header -x -d 'NAME=VALUE that travels with each event'
complete -c shmbus -n '__fish_seen_subcommand_from pub' -l key -x -d 'What each event is about'
complete -c shmbus -n '__fish_seen_subcommand_from pub' -l traceparent -x -d 'W3C trace context of each event'
complete -c shmbus -n '__fish_seen_subcommand_from pub topic' -l block-size -x -d 'Bytes of a block'
complete -c shmbus -n '__fish_seen_subcommand_from pub topic' -l blocks -x -d 'Blocks the ring retains'
complete -c shmbus -n '__fish_seen_subcommand_from pub topic' -l exclusive -d 'One publisher at a time'
complete -c shmbus -n '__fish_seen_subcommand_from topic' -l reserve -d 'Reserve all memory now'
complete -c shmbus -n '__fish_seen_subcommand_from topic' -l no-timestamps -d 'Events without time stamps'
complete -c shmbus -n '__fish_seen_subcommand_from topic' -l accept-raw -d 'Raw bytes beside a type'
complete -c shmbus -n '__fish_seen_subcommand_from topic' -l mode -x -d 'Access in octal'
complete -c shmbus -n '__fish_seen_subcommand_from topic' -l group -x -a '(__fish_complete_groups)' -d 'Owner group'
complete -c shmbus -n '__fish_seen_subcommand_from topic' -l strict -d 'Fail if it exists with other options'
complete -c shmbus -n '__fish_seen_subcommand_from sub replay journal take' -s f -l from -x -a 'latest oldest seq: last: time:' -d 'Where to begin'
complete -c shmbus -n '__fish_seen_subcommand_from sub hz replay journal take' -s n -l count -x -d 'End after this number'
complete -c shmbus -n '__fish_seen_subcommand_from sub tail replay journal take' -s r -l raw -d 'Payloads alone'
complete -c shmbus -n '__fish_seen_subcommand_from sub tail replay journal take' -s t -l topic-name -d 'Begin raw lines with the topic'
complete -c shmbus -n '__fish_seen_subcommand_from sub' -l reliable -d 'Lose nothing'
complete -c shmbus -n '__fish_seen_subcommand_from sub' -l demote-after -x -d 'Time of holding back before it becomes lossy'
complete -c shmbus -n '__fish_seen_subcommand_from sub' -l hold-for -x -d 'Time that publishers wait for the next one of the name'
complete -c shmbus -n '__fish_seen_subcommand_from sub' -s d -l durable -x -a '(__shmbus_durables)' -d 'Go on under this name'
complete -c shmbus -n '__fish_seen_subcommand_from forget' -a '(__shmbus_durables)'
complete -c shmbus -n '__fish_seen_subcommand_from group take' -a '(__shmbus_groups)'
complete -c shmbus -n '__fish_seen_subcommand_from group' -s n -l events -x -d 'How many unsettled events'
complete -c shmbus -n '__fish_seen_subcommand_from group' -l remove -d 'Remove the group'
complete -c shmbus -n '__fish_seen_subcommand_from take' -s a -l ack -d 'Acknowledge what is printed'
complete -c shmbus -n '__fish_seen_subcommand_from take' -s x -l exec -x -d 'Run this for each event'
complete -c shmbus -n '__fish_seen_subcommand_from take' -l timeout -x -d 'End after this time without an event'
complete -c shmbus -n '__fish_seen_subcommand_from dead' -l redeliver -d 'Publish them again'
complete -c shmbus -n '__fish_seen_subcommand_from dead' -l drop -d 'Take them off the list'
complete -c shmbus -n '__fish_seen_subcommand_from dead' -l all -d 'All of the list'
complete -c shmbus -n '__fish_seen_subcommand_from dead' -s g -l group -x -a '(__shmbus_groups)' -d 'Only of this group'
complete -c shmbus -n '__fish_seen_subcommand_from tail' -s n -l last -x -d 'How many of each topic'
complete -c shmbus -n '__fish_seen_subcommand_from trace' -s l -l last -x -a '(__shmbus_topics)' -d 'The newest event of a topic'
complete -c shmbus -n '__fish_seen_subcommand_from trace' -s n -l slowest -x -d 'Only the N slowest'
complete -c shmbus -n '__fish_seen_subcommand_from trace' -l failed -d 'Where a handler failed'
complete -c shmbus -n '__fish_seen_subcommand_from trace' -l dead -d 'Where a process died in a handler'
complete -c shmbus -n '__fish_seen_subcommand_from trace' -s s -l since -x -d 'Not older than this'
complete -c shmbus -n '__fish_seen_subcommand_from trace' -l otlp -r -F -d 'Write or send OpenTelemetry spans'
complete -c shmbus -n '__fish_seen_subcommand_from trace' -l perfetto -r -F -d 'Write a picture for ui.perfetto.dev'
complete -c shmbus -n '__fish_seen_subcommand_from tail' -s f -l follow -d 'Go on with new events'
complete -c shmbus -n '__fish_seen_subcommand_from replay' -s s -l speed -x -d 'Speed factor'
complete -c shmbus -n '__fish_seen_subcommand_from replay' -s q -l quick -d 'Without pauses'
complete -c shmbus -n '__fish_seen_subcommand_from replay' -s i -l into -x -a '(__shmbus_buses)' -d 'Publish on this bus'
complete -c shmbus -n '__fish_seen_subcommand_from hz' -s i -l interval -x -d 'Seconds between lines'
complete -c shmbus -n '__fish_seen_subcommand_from gc journal' -s y -l yes -d 'Free it'
complete -c shmbus -n '__fish_seen_subcommand_from rm' -s f -l force -d 'Remove even if it is in use'
complete -c shmbus -n '__fish_seen_subcommand_from pub topic' -l journal -x -a 'page-cache interval: batch' -d 'Write events to disk'
complete -c shmbus -n '__fish_seen_subcommand_from pub topic' -l retain-bytes -x -d 'What the journal keeps'
complete -c shmbus -n '__fish_seen_subcommand_from pub topic' -l retain-age -x -d 'How long the journal keeps events'
complete -c shmbus -n '__fish_seen_subcommand_from topic' -l skip-when-behind -d 'Do not wait for the disk'
complete -c shmbus -n '__fish_seen_subcommand_from topic' -l unrecorded-limit -x -d 'How long to wait while nobody records'
complete -c shmbus -n '__fish_seen_subcommand_from topic' -l segment-file -x -d 'Bytes of a file of the journal'
complete -c shmbus -n '__fish_seen_subcommand_from rm' -l journal -d 'Remove what was written to disk'
complete -c shmbus -n '__fish_seen_subcommand_from journal' -l before -x -d 'Files with numbers below this'
complete -c shmbus -n '__fish_seen_subcommand_from journal' -l older -x -d 'Files with older events'
complete -c shmbus -n '__fish_seen_subcommand_from journal' -l to -x -d 'Until the rest is as small'
complete -c shmbus -n '__fish_seen_subcommand_from journal' -s d -l journals -r -F -d 'Where the journals lie'
