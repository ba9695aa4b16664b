package dev.perthread.cli.fetch;

import dev.perthread.cli.console.Output;
import java.util.LinkedHashMap;
import java.util.Map;

/** The failures of a run, equal ones together: a thousand refused connections are one line. */
final class Failures {
    private static final int LINES = 10;
    private static final int REMEMBERED = 1000; // a bound, where every failure has words of its own

    private final Map<String, Long> counts = new LinkedHashMap<>();
    private long others;

    synchronized void add(Target target, String failure) {
        String words = target.url() + ": " + failure;
        if (counts.size() < REMEMBERED || counts.containsKey(words)) {
            counts.merge(words, 1L, Long::sum);
        } else {
            others++;
        }
    }

    synchronized void tell(Output output, long requests) {
        long rest = others;
        int line = 0;
        for (Map.Entry<String, Long> failure : counts.entrySet()) {
            if (++line > LINES) {
                rest += failure.getValue();
            } else {
                output.error(failure.getKey() + " (" + failure.getValue() + " of " + requests + " requests)");
            }
        }
        if (rest > 0) {
            output.error("and " + rest + " further failures");
        }
    }
}
