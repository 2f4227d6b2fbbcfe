#compdef shmbus-top
# Zsh completion for shmbus-top(1).

_shmbus_top_buses() {
  local -a buses
  buses=(${(f)"$(command shmbus ls --buses 2>/dev/null)"})
  compadd -a buses
}

_arguments -s \
  '(- *)'{-h,--help}'[explain the program]' \
  '(- *)--version[print the version]' \
  '(1)--bus[the bus]:bus:_shmbus_top_buses' \
  '(-b --batch)'{-b,--batch}'[print plain text instead of a screen]' \
  '(-j --json)'{-j,--json}'[print a JSON object]' \
  '(-n --count)'{-n,--count}'[end after this number of refreshes]:number:' \
  '(-d --delay)'{-d,--delay}'[seconds between looks]:seconds:' \
  '(-p --pane)'{-p,--pane}'[begin with this pane]:pane:(topics subscribers publishers nodes journals durables groups)' \
  '(-s --sort)'{-s,--sort}'[sort the pane by this heading]:column:' \
  '(-r --reverse)'{-r,--reverse}'[sort it the other way round]' \
  '(-f --filter)'{-f,--filter}'[only rows that hold these words]:words:' \
  '(-u --units)'{-u,--units}'[how large numbers are written]:units:(binary decimal exact)' \
  '1:bus:_shmbus_top_buses'
