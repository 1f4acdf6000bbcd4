#!/usr/bin/env bash
# Run `exosuit bench` unattended: one at a time, within a time limit, with a log and a file for Prometheus.
set -euo pipefail

usage() {
    cat <<'END'
usage: nightly.sh [-e EXOSUIT] [-s DIR] [-t DIR] [-l TIME] [-n NAME]
                  [-q DATA -r DIR] [-p PYTHON] [--] BENCH-ARGUMENT...

  -e EXOSUIT  the command to run                         ($NIGHTLY_EXOSUIT, default exosuit)
  -s DIR      keeps log, lock, documents and history     ($NIGHTLY_STATE, default the state directory of exosuit)
  -t DIR      the textfile directory of node_exporter    ($NIGHTLY_TEXTFILES, default none)
  -l TIME     stops the run: 90s, 30m, 2h                ($NIGHTLY_LIMIT, default 2h)
  -n NAME     tells several benchmarks apart             ($NIGHTLY_NAME, default exosuit_bench)
  -q DATA     questions with known answers, judged too   ($NIGHTLY_QUESTIONS, default none; see eval_query.py)
  -r DIR      the repositories that they ask about       ($NIGHTLY_REPOSITORIES)
  -p PYTHON   runs eval_query.py                         ($NIGHTLY_PYTHON, default python3)

The exit code is that of exosuit bench, or where that is 0 of the evaluation of the questions. 75: another run holds the lock. 143: the time limit ended it; 137: it had to be killed, a minute later.
END
}

say() { printf 'nightly.sh: %s\n' "$*" >&2; }

refuse() {
    say "$*"
    exit 2
}

exosuit=${NIGHTLY_EXOSUIT:-exosuit}
state=${NIGHTLY_STATE:-}
textfiles=${NIGHTLY_TEXTFILES:-}
limit=${NIGHTLY_LIMIT:-2h}
name=${NIGHTLY_NAME:-exosuit_bench}
questions=${NIGHTLY_QUESTIONS:-}
repositories=${NIGHTLY_REPOSITORIES:-}
python=${NIGHTLY_PYTHON:-python3}
while getopts ':e:s:t:l:n:q:r:p:h' option; do
    case $option in
    e) exosuit=$OPTARG ;;
    s) state=$OPTARG ;;
    t) textfiles=$OPTARG ;;
    l) limit=$OPTARG ;;
    n) name=$OPTARG ;;
    q) questions=$OPTARG ;;
    r) repositories=$OPTARG ;;
    p) python=$OPTARG ;;
    h) usage && exit 0 ;;
    :) refuse "-$OPTARG: its value is missing; -h tells the options" ;;
    *) refuse "-$OPTARG: no such option; options of exosuit bench come after --" ;;
    esac
done
shift $((OPTIND - 1))

if [[ -z $state ]]; then
    base=${XDG_STATE_HOME:-${HOME:+$HOME/.local/state}}
    [[ $base == /* ]] || refuse "no place to keep anything: HOME and XDG_STATE_HOME are unset; give -s DIR"
    state=$base/exosuit/nightly
fi
[[ $name =~ ^[A-Za-z0-9_]+$ ]] || refuse "-n '$name': letters, digits and _ only"
[[ $limit =~ ^[0-9]*[1-9][0-9]*[smh]?$ ]] || refuse "-l '$limit': not a time such as 90s, 30m or 2h"
[[ -z $questions || -n $repositories ]] || refuse "-q '$questions': -r DIR is missing, the repositories that it asks about"
evaluation=$(dirname -- "${BASH_SOURCE[0]}")/eval_query.py
for needed in flock timeout "$exosuit" ${questions:+"$python"}; do
    command -v -- "$needed" >/dev/null || refuse "no command '$needed'; install it, or name the build with -e"
done
[[ -z $textfiles || (-d $textfiles && -w $textfiles) ]] || refuse "-t '$textfiles': no directory to write to; make it first"
place=$state/$name
(umask 077 && mkdir -p -- "$place") || refuse "'$place': cannot be made; name another with -s"

# The descriptor stays open in timeout and in exosuit: while either lives, the lock is held, whatever became of this shell.
exec 9>>"$place/lock" || refuse "'$place/lock': cannot be opened; name another place with -s"
if ! flock -n 9; then
    say "another run of '$name' holds $place/lock; this one did nothing"
    exit 75
fi

log=$place/$name.log
{
    printf '== %s' "$(date -u +%Y-%m-%dT%H:%M:%SZ)"
    printf ' %q' "$exosuit" bench "$@"
    printf '\n'
} >>"$log"
started=$SECONDS
child='' asked='' # a signal may come before there is a run to pass it on to
trap 'asked=1; [[ -z $child ]] || kill -TERM "$child" 2>/dev/null || true' TERM INT HUP
# Run one command in the time limit, its output in the log; `code` is its exit code.
run() {
    code=0
    [[ -z $asked ]] || { code=143 && return; }
    timeout --preserve-status --kill-after=60 "$limit" "$@" >>"$log" 2>&1 </dev/null &
    child=$!
    [[ -z $asked ]] || kill -TERM "$child" 2>/dev/null || true
    while
        asked='' code=0
        wait "$child" || code=$?
        [[ -n $asked ]] # a signal ended the wait, perhaps not the run: bash keeps the exit code of a run that ended
    do :; done
}
run "$exosuit" bench --history "$state/history.jsonl" \
    --export "openmetrics=$place/$name.prom" --export "json=$place/bench.json" "$@"
if [[ -n $questions ]] && ((code < 128)); then
    bench_code=$code
    run "$python" "$evaluation" "$questions" "$repositories" --state "$place/questions" --weights packaged \
        --boundaries structure --history "$state/history.jsonl" --json "$place/questions.json"
    printf '== questions: exit code %d\n' "$code" >>"$log"
    ((bench_code == 0)) || code=$bench_code
fi
printf '== exit code %d after %d s\n' "$code" "$((SECONDS - started))" >>"$log"

# node_exporter reads *.prom at any moment: under another name until it is whole.
publish() {
    local temporary
    temporary=$(mktemp -- "$textfiles/.$name.XXXXXXXX") || return
    if ! { cp -- "$place/$name.prom" "$temporary" && chmod 644 -- "$temporary" &&
        mv -f -- "$temporary" "$textfiles/$name.prom"; }; then
        rm -f -- "$temporary"
        return 1
    fi
}
if [[ -n $textfiles && -f $place/$name.prom ]] && ! publish 2>>"$log"; then
    say "'$textfiles/$name.prom': cannot be written; $log tells why"
    ((code)) || code=2
fi
if ((code)); then
    say "exit code $code; $log tells why"
    tail -n 5 -- "$log" >&2
fi
exit "$code"
