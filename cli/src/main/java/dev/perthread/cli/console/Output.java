package dev.perthread.cli.console;

import java.io.PrintStream;
import java.util.concurrent.locks.ReentrantLock;

/**
 * The two standard streams of the command. Keeps whole lines whole, and a progress bar out of their way. Used by any
 * threads.
 */
public final class Output {
    private static final String CLEAR = "\r\u001b[K"; // to the first column, and empty to the end of the line

    private final PrintStream out;
    private final PrintStream err;
    private final ReentrantLock lock = new ReentrantLock(); // virtual threads print too
    private boolean bar;
    private boolean noMoreBar;

    /**
     * Writes to these two from now on.
     *
     * @param out for results
     * @param err for messages and the progress bar
     */
    public Output(PrintStream out, PrintStream err) {
        this.out = out;
        this.err = err;
    }

    /**
     * Writes a line to standard output.
     *
     * @param text what to write; control characters in it are escaped
     * @return false if it cannot be written, as when the reader of a pipe has gone
     */
    public boolean line(String text) {
        lock.lock();
        try {
            clear();
            out.println(plain(text));
            return !out.checkError();
        } finally {
            lock.unlock();
        }
    }

    /**
     * Writes a line to standard error, after the name of the command.
     *
     * @param text what to write; control characters in it are escaped
     */
    public void error(String text) {
        lock.lock();
        try {
            clear();
            err.println("perthread: " + plain(text));
        } finally {
            lock.unlock();
        }
    }

    /**
     * What a terminal would obey instead of showing it, and what reverses the direction of the words around it, as
     * Java's escapes: URLs and options may come from anywhere. For whole lines; an end of line is such a thing too.
     *
     * @param text any text
     * @return the same, on one line and with nothing to obey in it
     */
    public static String plain(String text) {
        if (isPrintableAscii(text)) { // nearly every line, of which there may be one per request
            return text;
        }
        StringBuilder plain = new StringBuilder(text.length());
        text.codePoints().forEach(c -> {
            switch (Character.getType(c)) {
                case Character.CONTROL,
                        Character.FORMAT,
                        Character.SURROGATE,
                        Character.LINE_SEPARATOR,
                        Character.PARAGRAPH_SEPARATOR -> escape(c, plain);
                default -> plain.appendCodePoint(c);
            }
        });
        return plain.toString();
    }

    private static boolean isPrintableAscii(String text) {
        for (int at = 0; at < text.length(); at++) {
            if (text.charAt(at) < ' ' || text.charAt(at) > '~') {
                return false;
            }
        }
        return true;
    }

    private static void escape(int codePoint, StringBuilder to) {
        for (char unit : Character.toChars(codePoint)) {
            to.append(String.format("\\u%04x", (int) unit));
        }
    }

    /**
     * Draws the progress bar where the cursor is, in the place of the last one.
     *
     * @param text the bar, narrower than the terminal
     */
    public void bar(String text) {
        lock.lock();
        try {
            if (!noMoreBar) {
                err.print(CLEAR + text);
                err.flush();
                bar = true;
            }
        } finally {
            lock.unlock();
        }
    }

    /** Removes the bar for good: its own thread may try to draw once more. */
    public void endBar() {
        lock.lock();
        try {
            clear();
            noMoreBar = true;
        } finally {
            lock.unlock();
        }
    }

    private void clear() {
        if (bar) {
            err.print(CLEAR);
            err.flush();
            bar = false;
        }
    }

    /**
     * Standard output itself, for what is not made of lines.
     *
     * @return the stream given to the constructor
     */
    public PrintStream out() {
        return out;
    }
}
