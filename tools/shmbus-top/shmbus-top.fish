# Fish completion for shmbus-top(1).

complete -c shmbus-top -f
complete -c shmbus-top -a '(command shmbus ls --buses 2>/dev/null)' -d bus
complete -c shmbus-top -s h -l help -d 'Explain the program'
complete -c shmbus-top -l version -d 'Print the version'
complete -c shmbus-top -l bus -x -a '(command shmbus ls --buses 2>/dev/null)' -d 'The bus'
complete -c shmbus-top -s b -l batch -d 'Print plain text instead of a screen'
complete -c shmbus-top -s j -l json -d 'Print a JSON object'
complete -c shmbus-top -s n -l count -x -d 'End after this number of refreshes'
complete -c shmbus-top -s d -l delay -x -d 'Seconds between looks'
complete -c shmbus-top -s p -l pane -x -a 'topics subscribers publishers nodes journals durables groups' -d 'Begin with this pane'
complete -c shmbus-top -s s -l sort -x -d 'Sort the pane by this heading'
complete -c shmbus-top -s r -l reverse -d 'Sort it the other way round'
complete -c shmbus-top -s f -l filter -x -d 'Only rows that hold these words'
complete -c shmbus-top -s u -l units -x -a 'binary decimal exact' -d 'How large numbers are written'
