package dev.perthread.cli.console;

import java.util.ArrayList;
import java.util.List;

/** The help of a command, made of its syntax: at most 80 columns wide. */
public final class HelpText {
    private static final int WIDTH = 80;
    private static final int DESCRIPTION = 25; // its first column
    private static final int FURTHER = 2; // by which its further lines are indented

    private final List<String> lines = new ArrayList<>();

    private HelpText() {}

    /**
     * The help of a command.
     *
     * @param syntax its syntax
     * @return lines without their ends
     */
    public static List<String> of(Syntax syntax) {
        return of(syntax, List.of());
    }

    /**
     * The help of a command that has subcommands.
     *
     * @param syntax its syntax
     * @param subcommands theirs
     * @return lines without their ends
     */
    public static List<String> of(Syntax syntax, List<Syntax> subcommands) {
        HelpText help = new HelpText();
        help.usage(syntax, !subcommands.isEmpty());
        help.options(syntax);
        if (!subcommands.isEmpty()) {
            help.lines.add("");
            help.lines.add("Commands:");
            subcommands.forEach(command -> help.row("  " + command.command(), command.summary()));
        }
        if (!syntax.footerLines().isEmpty()) {
            help.lines.add("");
            help.lines.addAll(syntax.footerLines());
        }
        return help.lines;
    }

    private void usage(Syntax syntax, boolean hasSubcommands) {
        Syntax.Operand operand = syntax.operandEntry();
        String operands = "";
        if (operand != null) {
            operands = operand.most() > 1 ? operand.label() + "..." : operand.label();
            operands = " " + (operand.least() == 0 ? "[" + operands + "]" : operands);
        }
        lines.add("Usage: " + syntax.qualifiedName() + " [OPTION...]" + operands + (hasSubcommands ? " COMMAND" : ""));
        wrap(syntax.summary(), 0, 0);
        if (!syntax.detailsText().isEmpty()) {
            lines.add("");
            wrap(syntax.detailsText(), 0, 0);
        }
        lines.add("");
        if (operand != null) {
            row("  " + operand.label(), operand.description());
        }
    }

    private void options(Syntax syntax) {
        for (Syntax.Entry entry : syntax.allEntries()) {
            String names = String.join(", ", entry.names());
            String indent = entry.names().get(0).startsWith("--") ? "      " : "  ";
            row(
                    indent + names + (entry.label() == null ? "" : "=" + entry.label()),
                    entry.description() + (entry.usual() == null ? "" : " Default: " + entry.usual() + "."));
        }
    }

    /** A name, and beside it what it means; below it where the name is too long. */
    private void row(String name, String description) {
        int first = lines.size();
        wrap(description, DESCRIPTION, DESCRIPTION + FURTHER);
        if (name.length() < DESCRIPTION) {
            lines.set(first, name + lines.get(first).substring(name.length()));
        } else {
            lines.add(first, name);
        }
    }

    private void wrap(String text, int indent, int indentFurther) {
        StringBuilder line = new StringBuilder(" ".repeat(indent));
        boolean empty = true;
        for (String word : text.split(" ", -1)) {
            if (!empty && line.length() + 1 + word.length() > WIDTH) {
                lines.add(line.toString());
                line = new StringBuilder(" ".repeat(indentFurther));
                empty = true;
            }
            line.append(empty ? "" : " ").append(word);
            empty = false;
        }
        lines.add(line.toString());
    }
}
