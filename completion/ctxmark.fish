# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: 2026 The ctxmark authors
#
# fish completion of ctxmark(1).

function __ctxmark_plugins
    ctxmark plugins -q 2>/dev/null | awk -v kind="^($argv[1])\$" '$1 ~ kind { print $2 }'
end

function __ctxmark_commands
    ctxmark --help 2>/dev/null | sed -nE 's/^  ([a-z]+) +(.*)/\1\t\2/p'
end

# Names of the entries in a section of the config on the command line.
function __ctxmark_names
    set -l config (string match -r '^\S+\.ya?ml$' -- (commandline -opc))
    test -f "$config[1]"; or return
    awk -v section="$argv[1]" '
        /^[a-z_]+:/ { inside = index($0, section ":") == 1 }
        inside && match($0, /name: *[^,} ]+/) {
            word = substr($0, RSTART, RLENGTH); sub(/^name: */, "", word); print word
        }
        inside && /^ *- *[^:{]+$/ { sub(/^ *- */, ""); print $1 }' $config[1] | tr -d '"'
end

function __ctxmark_only
    printf '%s\n' context_length= model=(__ctxmark_names models) backend=(__ctxmark_names backends)
end

function __ctxmark_keys
    set -l words (commandline -opc)
    test (count $words) -ge 3; or return
    ctxmark plugins $words[3] -q 2>/dev/null | sed -nE 's/^  ([a-z][a-z0-9_]*): .*/\1=/p'
end

complete -c ctxmark -n __fish_use_subcommand -f -a '(__ctxmark_commands)'
complete -c ctxmark -n __fish_use_subcommand -f -l version -d 'version and licences'
complete -c ctxmark -l help -d help
complete -c ctxmark -s q -l quiet -d 'errors only'
complete -c ctxmark -s v -l verbose -d more
complete -c ctxmark -n '__fish_seen_subcommand_from run analyze' -s o -l output -r -d folder
complete -c ctxmark -n '__fish_seen_subcommand_from run' -l resume -r -d 'go on with a run'
complete -c ctxmark -n '__fish_seen_subcommand_from run' -s n -l dry-run -d 'plan only'
complete -c ctxmark -n '__fish_seen_subcommand_from run check' -l only -x -a '(__ctxmark_only)' -d 'these cells only'
complete -c ctxmark -n '__fish_seen_subcommand_from run check analyze' -l set -x -d 'a value of the config'
complete -c ctxmark -n '__fish_seen_subcommand_from try plugins' -l set -x -a '(__ctxmark_keys)' -d 'an option or a model key'
complete -c ctxmark -n '__fish_seen_subcommand_from analyze' -s a -l analyzers -x -a '(__ctxmark_plugins analyzer)' -d 'these analyzers'
complete -c ctxmark -n '__fish_seen_subcommand_from analyze' -l json -d 'print analysis.json'
complete -c ctxmark -n '__fish_seen_subcommand_from report' -s f -l format -x -a 'md html term' -d formats
complete -c ctxmark -n '__fish_seen_subcommand_from plugins' -l check -d 'test it against the contract'
complete -c ctxmark -n '__fish_seen_subcommand_from plugins' -f -a '(__ctxmark_plugins "backend|analyzer")'
complete -c ctxmark -n '__fish_seen_subcommand_from try' -a '(__ctxmark_plugins backend)'
complete -c ctxmark -n '__fish_seen_subcommand_from try' -l text -x -d prompt
complete -c ctxmark -n '__fish_seen_subcommand_from try' -l tokens -r -d 'prompt as ids'
complete -c ctxmark -n '__fish_seen_subcommand_from try' -l logits -r -d 'write logits'
complete -c ctxmark -n '__fish_seen_subcommand_from try' -l positions -x -d 'of the logits'
complete -c ctxmark -n '__fish_seen_subcommand_from compare' -l margin -x -d 'equivalence margin in %'
complete -c ctxmark -n '__fish_seen_subcommand_from compare' -l fail-over -x -d 'limit of a regression in %'
complete -c ctxmark -n '__fish_seen_subcommand_from compare' -l allow -x -d 'a difference that is meant'
complete -c ctxmark -n '__fish_seen_subcommand_from export' -s f -l format -x -d format
complete -c ctxmark -n '__fish_seen_subcommand_from import' -l label -x -d 'name of the imported run'
complete -c ctxmark -n '__fish_seen_subcommand_from import' -s o -l output -r -d folder
