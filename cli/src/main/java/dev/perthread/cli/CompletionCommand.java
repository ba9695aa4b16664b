package dev.perthread.cli;

import dev.perthread.cli.console.Arguments;
import dev.perthread.cli.console.ExitStatus;
import dev.perthread.cli.console.Output;
import dev.perthread.cli.console.Subcommand;
import dev.perthread.cli.console.Syntax;
import java.util.ArrayList;
import java.util.List;

/** The subcommand {@code generate-completion}: prints a script by which bash and zsh complete the command's words. */
final class CompletionCommand implements Subcommand {

    @Override
    public Syntax syntax() {
        return new Syntax("generate-completion", "Print a script for bash or zsh that completes commands and options.")
                .footer("Example:", "  source <(perthread generate-completion)");
    }

    @Override
    public int run(Arguments arguments) {
        Output output = new Output(System.out, System.err);
        for (String line : script()) {
            if (!output.line(line)) {
                return ExitStatus.FAILED; // whoever read it has gone
            }
        }
        return ExitStatus.OK;
    }

    private static List<String> script() {
        List<String> lines = new ArrayList<>(List.of(
                "# Completes the words of perthread. In zsh bash's way of completion must be switched on first.",
                "[ -n \"$ZSH_VERSION\" ] && autoload -U +X bashcompinit && bashcompinit",
                "_perthread() {",
                "  local word=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]} words= files=",
                "  if [ \"$COMP_CWORD\" -eq 1 ]; then",
                "    words='" + String.join(" ", Main.COMMANDS) + " --help --version'",
                "  else",
                "    case ${COMP_WORDS[1]} in"));
        for (Syntax syntax : Main.syntaxes()) {
            lines.add("      " + syntax.command() + ")");
            lines.add("        words='" + String.join(" ", syntax.optionNames()) + "'");
            lines.add("        files=' " + String.join(" ", syntax.fileOptionNames()) + " ' ;;");
        }
        lines.addAll(List.of(
                "    esac",
                "  fi",
                "  COMPREPLY=()",
                "  case $files in",
                "    *\" $previous \"*) ;; # a file, by -o default",
                "    *) case $word in -* | '') COMPREPLY=($(compgen -W \"$words\" -- \"$word\")) ;;",
                "      *) [ \"$COMP_CWORD\" -eq 1 ] && COMPREPLY=($(compgen -W \"$words\" -- \"$word\")) ;; esac ;;",
                "  esac",
                "}",
                "complete -o default -F _perthread perthread"));
        return lines;
    }
}
