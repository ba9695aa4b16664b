package dev.perthread.cli.console;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.apache.commons.cli.CommandLine;
import org.apache.commons.cli.DefaultParser;
import org.apache.commons.cli.MissingArgumentException;
import org.apache.commons.cli.Option;
import org.apache.commons.cli.Options;
import org.apache.commons.cli.ParseException;
import org.apache.commons.cli.UnrecognizedOptionException;
import org.jspecify.annotations.Nullable;

/**
 * The syntax of a command line: its operands and options, in the order in which the help shows them. Every command also
 * takes {@code --help} and {@code --version}.
 *
 * <p>Made by calls and not of annotations, which take a tenth of a second to be looked up by reflection: as long as all
 * else together that happens before the first request.
 */
public final class Syntax {
    /**
     * An option as the help shows it.
     *
     * @param names all of its names, such as {@code -t} and {@code --threads}
     * @param label what its value is called, or null if it takes none
     * @param usual its value where none is given, or null if it has none
     */
    record Entry(
            List<String> names,
            @Nullable String label,
            @Nullable String usual,
            String description) {
        /** The last of its names, which says most, without the hyphens. */
        String key() {
            return bare(names.get(names.size() - 1));
        }

        String longName() {
            return names.get(names.size() - 1);
        }
    }

    /** What may stand on the command line beside options. */
    record Operand(String label, int least, int most, String description) {}

    private final String command;
    private final String summary;
    private final List<Entry> entries = new ArrayList<>();
    private String details = "";
    private List<String> footer = List.of();
    private @Nullable Operand operand;

    /**
     * Begins without options.
     *
     * @param command the name of the command, without {@code perthread}; empty for that alone
     * @param summary what it does, in one sentence
     */
    public Syntax(String command, String summary) {
        this.command = command;
        this.summary = summary;
    }

    /**
     * Adds what else there is to know.
     *
     * @param text one paragraph
     * @return this
     */
    public Syntax details(String text) {
        details = text;
        return this;
    }

    /**
     * Adds operands.
     *
     * @param label what they are called, in capitals
     * @param least how many there must be
     * @param most how many there may be
     * @param description one sentence or two
     * @return this
     */
    public Syntax operand(String label, int least, int most, String description) {
        operand = new Operand(label, least, most, description);
        return this;
    }

    /**
     * Adds an option without a value.
     *
     * @param names its names with their hyphens, such as {@code -q, --quiet}; the last one is its name for
     *     {@link Arguments}
     * @param description one sentence or two
     * @return this
     */
    public Syntax flag(String names, String description) {
        entries.add(new Entry(Arrays.asList(names.split(", ")), null, null, description));
        return this;
    }

    /**
     * Adds an option with a value that may be left out.
     *
     * @param names as for {@link #flag}
     * @param label what its value is called, in capitals
     * @param description one sentence or two
     * @return this
     */
    public Syntax option(String names, String label, String description) {
        entries.add(new Entry(Arrays.asList(names.split(", ")), label, null, description));
        return this;
    }

    /**
     * Adds an option that has a value even where it is not given.
     *
     * @param names as for {@link #flag}
     * @param label what its value is called, in capitals
     * @param usual its value where it is not given
     * @param description one sentence or two, to which the usual value is added
     * @return this
     */
    public Syntax option(String names, String label, String usual, String description) {
        entries.add(new Entry(Arrays.asList(names.split(", ")), label, usual, description));
        return this;
    }

    /**
     * Ends the help with these lines.
     *
     * @param lines shown as they are
     * @return this
     */
    public Syntax footer(String... lines) {
        footer = List.of(lines);
        return this;
    }

    /**
     * Reads a command line.
     *
     * @param given all that follows the name of the command
     * @return what it says
     * @throws UsageException if it does not follow this syntax
     */
    public Arguments parse(List<String> given) {
        DefaultParser parser = DefaultParser.builder()
                .setAllowPartialMatching(false)
                .setStripLeadingAndTrailingQuotes(false)
                .get();
        CommandLine parsed;
        try {
            parsed = parser.parse(options(), given.toArray(String[]::new));
        } catch (UnrecognizedOptionException e) {
            throw unknown(e.getOption());
        } catch (MissingArgumentException e) {
            Entry entry = entry(bareName(e.getOption()));
            throw new UsageException(
                    "missing value for " + entry.longName() + "; expected " + entry.longName() + "=" + entry.label());
        } catch (ParseException e) {
            throw new UsageException(ErrorMessages.of(e));
        }
        Arguments arguments = new Arguments(this, parsed);
        if (!arguments.isHelpWanted() && !arguments.isVersionWanted()) {
            refuseRepeated(parsed);
            checkOperands(parsed.getArgList());
        }
        return arguments;
    }

    private Options options() {
        Options options = new Options();
        for (Entry entry : allEntries()) {
            @Nullable String brief = null;
            for (String name : entry.names()) {
                if (!name.startsWith("--")) {
                    brief = bare(name);
                } else {
                    options.addOption(new Option(brief, bare(name), entry.label() != null, null));
                    brief = null; // a second long name is an option of its own for the parser
                }
            }
        }
        return options;
    }

    /** Those of this command, and those of every command. */
    List<Entry> allEntries() {
        List<Entry> all = new ArrayList<>(entries);
        all.add(new Entry(List.of("-h", "--help"), null, null, "Show this help and exit."));
        all.add(new Entry(List.of("-V", "--version"), null, null, "Show the version and exit."));
        return all;
    }

    /** The entry that has this name, given without hyphens. */
    Entry entry(String name) {
        for (Entry entry : allEntries()) {
            for (String candidate : entry.names()) {
                if (bare(candidate).equals(name)) {
                    return entry;
                }
            }
        }
        throw new IllegalArgumentException("no option is named " + name);
    }

    private UsageException unknown(String given) {
        int value = given.indexOf('=');
        String name = value < 0 ? given : given.substring(0, value);
        if (value > 0 && isFlag(name)) {
            return new UsageException(name + " must be given without a value, but was " + ErrorMessages.quoted(given));
        }
        List<String> names = new ArrayList<>();
        allEntries().forEach(entry -> names.addAll(entry.names()));
        return new UsageException("unknown option " + ErrorMessages.quoted(given) + Suggestions.of(name, names));
    }

    private boolean isFlag(String name) {
        return allEntries().stream()
                .anyMatch(entry -> entry.label() == null && entry.names().contains(name));
    }

    private void refuseRepeated(CommandLine parsed) {
        for (Entry entry : entries) {
            int times = 0;
            for (Option option : parsed.getOptions()) {
                times += entry.names().contains("--" + option.getLongOpt()) ? 1 : 0;
            }
            if (times > 1) {
                throw new UsageException(
                        entry.longName() + " must be given at most once, but was given " + times + " times");
            }
        }
    }

    private void checkOperands(List<String> given) {
        int most = operand == null ? 0 : operand.most();
        if (given.size() > most) {
            throw new UsageException("unexpected argument " + ErrorMessages.quoted(given.get(most))
                    + (operand == null ? "" : "; expected one " + operand.label()));
        }
        if (operand != null && given.size() < operand.least()) {
            throw new UsageException("missing " + operand.label());
        }
    }

    private static String bareName(Option option) {
        return option.getLongOpt();
    }

    private static String bare(String name) {
        return name.substring(name.startsWith("--") ? 2 : 1);
    }

    /**
     * The name of the command.
     *
     * @return its name, without {@code perthread}
     */
    public String command() {
        return command;
    }

    /**
     * The whole name of the command.
     *
     * @return such as {@code perthread fetch}
     */
    public String qualifiedName() {
        return command.isEmpty() ? "perthread" : "perthread " + command;
    }

    /**
     * What the command does.
     *
     * @return one sentence
     */
    public String summary() {
        return summary;
    }

    /**
     * All names of options.
     *
     * @return such as {@code -t} and {@code --threads}
     */
    public List<String> optionNames() {
        return allEntries().stream().flatMap(entry -> entry.names().stream()).toList();
    }

    /**
     * The options whose value is a file.
     *
     * @return their names
     */
    public List<String> fileOptionNames() {
        return entries.stream()
                .filter(entry -> "FILE".equals(entry.label()) || "PATH".equals(entry.label()))
                .flatMap(entry -> entry.names().stream())
                .toList();
    }

    String detailsText() {
        return details;
    }

    List<String> footerLines() {
        return footer;
    }

    @Nullable
    Operand operandEntry() {
        return operand;
    }
}
