# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: 2026 The ctxmark authors
# shellcheck shell=bash
#
# bash completion of ctxmark(1).  Names of plugins come from the program itself; names of models and
# backends from the config that stands on the command line.

_ctxmark_plugins() { # backend|analyzer|.*
    "$_ctxmark_program" plugins -q 2>/dev/null | awk -v kind="^($1)\$" '$1 ~ kind { print $2 }'
}

# The names of the entries in a section (models, backends) of a config: `- name: x` and lists of words.
_ctxmark_names() { # SECTION
    [ -f "$_ctxmark_config" ] || return 0
    awk -v section="$1" '
        /^[a-z_]+:/ { inside = index($0, section ":") == 1 }
        inside && match($0, /\[[^{]*\]/) {
            n = split(substr($0, RSTART + 1, RLENGTH - 2), words, /[, ]+/)
            for (i = 1; i <= n; i++) print words[i]
        }
        inside && match($0, /name: *["'\'']?[^,}"'\'' ]+/) {
            word = substr($0, RSTART, RLENGTH)
            sub(/^name: *["'\'']?/, "", word)
            print word
        }
        inside && /^ *- *[^:{]+$/ { sub(/^ *- */, ""); print $1 }' "$_ctxmark_config" | tr -d '"'\'
}

# Options and model keys of a plugin as KEY=.
_ctxmark_keys() { # NAME
    "$_ctxmark_program" plugins "$1" -q 2>/dev/null | sed -nE 's/^  ([a-z][a-z0-9_]*): .*/\1=/p'
}

# The words of the command line that are no options: _ctxmark_command, _ctxmark_config (the first
# operand) and how many operands there are.
_ctxmark_operands() {
    local i skip=
    _ctxmark_command='' _ctxmark_config='' _ctxmark_operand_count=0
    for ((i = 1; i < cword; i++)); do
        if [ -n "$skip" ]; then
            skip=
            continue
        fi
        case ${words[i]} in
        -o | --output | --resume | --only | --set | -a | --analyzers | -f | --format | --text | --tokens | \
            --logits | --positions | --margin | --fail-over | --allow | --label) skip=1 ;;
        -n) [ "$_ctxmark_command" != try ] || skip=1 ;;
        -*) ;;
        *)
            if [ -z "$_ctxmark_command" ]; then
                _ctxmark_command=${words[i]}
            else
                [ "$_ctxmark_operand_count" -gt 0 ] || _ctxmark_config=${words[i]/#\~\//$HOME/}
                _ctxmark_operand_count=$((_ctxmark_operand_count + 1))
            fi
            ;;
        esac
    done
}

_ctxmark_words() { mapfile -t COMPREPLY < <(compgen -W "$1" -- "$cur"); }

_ctxmark_files() {
    compopt -o filenames 2>/dev/null
    mapfile -t COMPREPLY < <(compgen -f -- "$cur")
}

# A list with commas: what is before the last comma stays.
_ctxmark_list() { # WORDS
    local before=''
    [[ $cur != *,* ]] || before=${cur%,*},
    mapfile -t COMPREPLY < <(compgen -P "$before" -W "$1" -- "${cur##*,}")
    compopt -o nospace 2>/dev/null
}

# KEY=VALUE: bash takes `=` for a word of its own, so the value alone is replaced.
_ctxmark_pair() { # KEYS
    local key=${cur%%=*} value=${cur#*=}
    if [[ $cur != *=* ]]; then
        _ctxmark_words "$1"
        compopt -o nospace 2>/dev/null
        return
    fi
    case $key in
    model) mapfile -t COMPREPLY < <(compgen -W "$(_ctxmark_names models)" -- "$value") ;;
    backend) mapfile -t COMPREPLY < <(compgen -W "$(_ctxmark_names backends)" -- "$value") ;;
    mode) mapfile -t COMPREPLY < <(compgen -W "prefill decode e2e" -- "$value") ;;
    *) mapfile -t COMPREPLY < <(compgen -f -- "$value") ;;
    esac
}

_ctxmark_set() {
    case $_ctxmark_command in
    try | plugins) _ctxmark_pair "$(_ctxmark_keys "$_ctxmark_config")" ;;
    analyze) _ctxmark_pair "$(_ctxmark_plugins analyzer | sed 's/$/./') facts." ;;
    *) _ctxmark_pair "experiment= context_lengths= repetitions= warmup_repetitions= max_new_tokens= seed=
        order= launches= timeout_s= $(_ctxmark_names models | sed 's/.*/models.&./')
        $(_ctxmark_names backends | sed 's/.*/backends.&./')" ;;
    esac
}

# What the command's own help lists.
_ctxmark_options() {
    "$_ctxmark_program" "$_ctxmark_command" --help 2>/dev/null | grep -oE '(^|[^a-zA-Z0-9-])--?[a-z][a-z-]*' |
        grep -oE -- '--?[a-z][a-z-]*$' | sort -u
    echo --help
}

_ctxmark_format() {
    case $_ctxmark_command in
    export) _ctxmark_words "csv json benchstat llama-bench-json llama-bench-jsonl llama-bench-csv llama-bench-sql" ;;
    compare) _ctxmark_words "text json" ;;
    *) _ctxmark_list "md html term" ;;
    esac
}

_ctxmark_operand() {
    case $_ctxmark_command:$_ctxmark_operand_count in
    try:0) _ctxmark_words "$(_ctxmark_plugins backend)" ;;
    plugins:0)
        _ctxmark_words "$(_ctxmark_plugins 'backend|analyzer')"
        [[ $cur != */* ]] || _ctxmark_files
        ;;
    *) _ctxmark_files ;;
    esac
}

_ctxmark() {
    local cur prev words cword _ctxmark_command _ctxmark_config _ctxmark_operand_count
    local _ctxmark_program=${COMP_WORDS[0]/#\~\//$HOME/}
    if declare -F _init_completion >/dev/null; then
        _init_completion -n = || return
    else
        cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}
        words=("${COMP_WORDS[@]}") cword=$COMP_CWORD
    fi
    COMPREPLY=()
    _ctxmark_operands
    if [ -z "$_ctxmark_command" ]; then
        _ctxmark_words "$("$_ctxmark_program" --help 2>/dev/null | awk '/^  [a-z]/ { print $1 }') --help --version"
        return
    fi
    case $prev in
    -o | --output | --resume | --tokens | --logits) _ctxmark_files ;;
    -a | --analyzers) _ctxmark_list "$(_ctxmark_plugins analyzer)" ;;
    -f | --format) _ctxmark_format ;;
    --only) _ctxmark_pair "backend= model= context_length=" ;;
    --set) _ctxmark_set ;;
    *)
        if [[ $cur == -* ]]; then
            _ctxmark_words "$(_ctxmark_options)"
        else
            _ctxmark_operand
        fi
        ;;
    esac
}

complete -F _ctxmark ctxmark
