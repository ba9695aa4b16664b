package dev.perthread.cli.console;

import java.io.IOException;
import java.util.List;
import org.jline.terminal.Attributes;
import org.jline.terminal.Terminal;
import org.jline.terminal.TerminalBuilder;
import org.jline.utils.NonBlockingReader;

/**
 * The user's terminal: its size, single keys, and drawing in place. Used by one thread. Whether there is a terminal at
 * all, the launcher knows.
 */
public final class TerminalView implements AutoCloseable {
    private static final int NO_TERMINAL = 100; // columns, where a pipe or a file is written to
    private static final String HOME = "\u001b[H";
    private static final String TO_END_OF_LINE = "\u001b[K";
    private static final String TO_END_OF_SCREEN = "\u001b[J";
    private static final String OTHER_SCREEN = "\u001b[?1049h\u001b[?25l";
    private static final String FIRST_SCREEN = "\u001b[?25h\u001b[?1049l";

    private final Terminal terminal;
    private final Attributes before;
    private final NonBlockingReader keys;

    private TerminalView(Terminal terminal) {
        this.terminal = terminal;
        this.before = terminal.enterRawMode();
        this.keys = terminal.reader();
        Attributes raw = terminal.getAttributes();
        raw.setLocalFlag(Attributes.LocalFlag.ISIG, true); // Ctrl-C still ends it
        terminal.setAttributes(raw);
        terminal.writer().print(OTHER_SCREEN);
    }

    /**
     * Whether standard input and output are a terminal.
     *
     * @return what the launcher found
     */
    public static boolean isThere() {
        return Boolean.getBoolean("perthread.terminal");
    }

    /**
     * Takes the terminal over: keys arrive one by one, and what was on it comes back at the end.
     *
     * @return the terminal
     * @throws IOException if there is none
     */
    public static TerminalView open() throws IOException {
        return new TerminalView(terminal());
    }

    /** By the programs stty and tty: JLine's other ways load native code, of which Java 24 and later warn. */
    private static Terminal terminal() throws IOException {
        return TerminalBuilder.builder().system(true).provider("exec").build();
    }

    /**
     * How many columns there are to write to, without taking the terminal over.
     *
     * @return its columns, or 100 where there is no terminal
     */
    public static int width() {
        if (!isThere()) {
            return NO_TERMINAL;
        }
        try (Terminal terminal = terminal()) {
            int width = terminal.getWidth();
            return width > 0 ? width : NO_TERMINAL;
        } catch (IOException e) {
            return NO_TERMINAL;
        }
    }

    /**
     * How wide it is at this moment.
     *
     * @return its columns
     */
    public int columns() {
        int width = terminal.getWidth();
        return width > 0 ? width : NO_TERMINAL;
    }

    /**
     * How high it is at this moment.
     *
     * @return its rows
     */
    public int rows() {
        int height = terminal.getHeight();
        return height > 0 ? height : Integer.MAX_VALUE;
    }

    /**
     * Draws in the place of what was there, without flicker.
     *
     * @param lines none wider than the terminal; those below its last row are left out
     */
    public void draw(List<String> lines) {
        StringBuilder all = new StringBuilder(HOME);
        int rows = Math.min(rows(), lines.size());
        for (int row = 0; row < rows; row++) {
            all.append(row == 0 ? "" : "\r\n")
                    .append(Output.plain(lines.get(row)))
                    .append(TO_END_OF_LINE);
        }
        terminal.writer().print(all + TO_END_OF_SCREEN);
        terminal.flush();
    }

    /**
     * Waits for a key.
     *
     * @param millis how long at most
     * @return the key, or less than 0 if none came in time
     * @throws IOException if the terminal is gone
     */
    public int key(long millis) throws IOException {
        return keys.read(Math.max(1, millis));
    }

    @Override
    public void close() throws IOException {
        terminal.writer().print(FIRST_SCREEN);
        terminal.flush();
        terminal.setAttributes(before);
        terminal.close();
    }
}
