package dev.perthread.cli.console;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.apache.commons.cli.CommandLine;
import org.apache.commons.cli.Option;
import org.jspecify.annotations.Nullable;

/** What a command line says, by its {@link Syntax}. Options are named without hyphens, by the last of their names. */
public final class Arguments {
    /**
     * Makes a value of what was given.
     *
     * @param <T> the type of the value
     */
    public interface Converter<T> {
        /**
         * Reads a value.
         *
         * @param given what was given
         * @return the value
         * @throws IllegalArgumentException if it is none; the message continues the name of the option: "must be …, but
         *     was …"
         */
        T convert(String given);
    }

    private final Syntax syntax;
    private final CommandLine parsed;

    Arguments(Syntax syntax, CommandLine parsed) {
        this.syntax = syntax;
        this.parsed = parsed;
    }

    boolean isHelpWanted() {
        return has("help");
    }

    boolean isVersionWanted() {
        return has("version");
    }

    /**
     * Whether an option was given.
     *
     * @param name its name
     * @return false also if it has a usual value
     */
    public boolean has(String name) {
        return text(name) != null;
    }

    /**
     * The value of an option.
     *
     * @param <T> the type of the value
     * @param name its name
     * @param converter what makes a value of it
     * @return null if it was not given
     * @throws UsageException if what was given is none
     */
    public <T> @Nullable T find(String name, Converter<T> converter) {
        String given = text(name);
        return given == null ? null : convert("--" + name, given, converter);
    }

    /**
     * The value of an option that has a usual one.
     *
     * @param <T> the type of the value
     * @param name its name
     * @param converter what makes a value of it
     * @return the value given, or else the usual one
     * @throws UsageException if what was given is none
     */
    public <T> T get(String name, Converter<T> converter) {
        String given = text(name);
        String usual = Objects.requireNonNull(syntax.entry(name).usual());
        return convert("--" + name, given == null ? usual : given, converter);
    }

    /**
     * What was given beside options.
     *
     * @return as many as the syntax demands
     */
    public List<String> operands() {
        return parsed.getArgList();
    }

    /**
     * The values of the operands.
     *
     * @param <T> the type of the values
     * @param converter what makes a value of each
     * @return as many as were given
     * @throws UsageException if one is none
     */
    public <T> List<T> operands(Converter<T> converter) {
        String label = Objects.requireNonNull(syntax.operandEntry()).label();
        List<T> values = new ArrayList<>();
        parsed.getArgList().forEach(given -> values.add(convert(label, given, converter)));
        return values;
    }

    private static <T> T convert(String name, String given, Converter<T> converter) {
        try {
            return converter.convert(given);
        } catch (IllegalArgumentException e) {
            throw new UsageException(name + " " + ErrorMessages.of(e));
        }
    }

    /** The value as it was given, or any text for a flag; null if it was not given. */
    private @Nullable String text(String name) {
        List<String> names = syntax.entry(name).names();
        for (Option option : parsed.getOptions()) {
            if (names.contains("--" + option.getLongOpt())) {
                return Objects.requireNonNullElse(option.getValue(), "");
            }
        }
        return null;
    }
}
