package dev.perthread.testkit;

import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.Logger;

/** The log lines of a test, at INFO or above. A line fails the test unless the test expects it. */
public final class LogLines {
    private static final Queue<LogRecord> SEEN = new ConcurrentLinkedQueue<>();
    private static final Queue<String> EXPECTED = new ConcurrentLinkedQueue<>();
    private static volatile boolean failing;
    private static final Logger ROOT = Logger.getLogger("");

    private LogLines() {}

    private static final class Collector extends Handler {
        @Override
        public void publish(LogRecord entry) {
            if (entry.getLevel().intValue() >= Level.INFO.intValue()) {
                SEEN.add(entry);
                if (failing) {
                    throw new IllegalStateException("a log handler that fails, on purpose");
                }
            }
        }

        @Override
        public void flush() {}

        @Override
        public void close() {}
    }

    static synchronized void begin() {
        for (Handler handler : ROOT.getHandlers()) {
            ROOT.removeHandler(handler);
        }
        ROOT.addHandler(new Collector());
        SEEN.clear();
        EXPECTED.clear();
        failing = false;
    }

    /** From here to the end of the test whoever logs gets an exception. */
    public static void fail() {
        failing = true;
    }

    /**
     * Makes the test fail unless exactly one line with this text is logged in its course.
     *
     * @param text part of the line
     */
    public static void expect(String text) {
        EXPECTED.add(text);
    }

    /**
     * What was logged so far at INFO or above.
     *
     * @return the lines
     */
    public static List<String> seen() {
        return SEEN.stream().map(LogRecord::getMessage).toList();
    }

    static List<String> complaints() {
        List<String> complaints = new ArrayList<>();
        List<String> unexpected = new ArrayList<>(seen());
        for (String text : EXPECTED) {
            String match = unexpected.stream()
                    .filter(line -> line.contains(text))
                    .findFirst()
                    .orElse(null);
            if (match == null) {
                complaints.add("expected a log line with \"" + text + "\"");
            } else {
                unexpected.remove(match);
            }
        }
        unexpected.forEach(line -> complaints.add("unexpected log line: " + line));
        return complaints;
    }
}
