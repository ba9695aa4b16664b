package dev.perthread.cli.fetch;

import dev.perthread.IdlePolicy;
import dev.perthread.cli.console.Output;
import java.math.BigDecimal;

/** A report of a fetch run as lines. */
final class TextReport implements Report {
    private static final int OK = 200;

    private final Output output;
    private final boolean quiet;
    private final boolean paths;

    /** Quiet leaves the outcomes out; the path is told where there are several URLs. */
    TextReport(Output output, boolean quiet, boolean paths) {
        this.output = output;
        this.quiet = quiet;
        this.paths = paths;
    }

    @Override
    public void note(String text) {
        output.line(text);
    }

    @Override
    public boolean outcome(Outcome outcome) {
        if (quiet || !outcome.ended()) {
            return true; // what did not come to its end is among the failures
        }
        String line = "Got " + outcome.bytes() + " bytes  thread " + outcome.thread() + "  "
                + (outcome.local().isEmpty() ? "" : outcome.local() + " -> ") + outcome.remote();
        if (paths) {
            line += "  " + outcome.target().path();
        }
        if (outcome.status() != OK && outcome.status() != 0) {
            line += "  (status " + outcome.status() + ")";
        }
        return output.line(line);
    }

    @Override
    public boolean summary(Summary summary) {
        String line = count(summary.threads(), "thread") + ", " + count(summary.connections(), "connection")
                + (summary.reuse() == IdlePolicy.CLOSE
                        ? ""
                        : " for " + count(summary.succeeded() + summary.failed(), "request"))
                + (summary.replaced() == 0 ? "" : " (" + summary.replaced() + " replaced)")
                + ", most open at once " + summary.mostOpen() + ", " + count(summary.bytes(), "byte") + ", "
                + BigDecimal.valueOf(summary.time().toMillis(), 3) + " s";
        if (summary.failed() > 0) {
            line += ", " + summary.failed() + " of " + count(summary.planned(), "request") + " failed";
        }
        if (summary.interrupted()) {
            line += "; interrupted, " + summary.succeeded() + " of " + count(summary.planned(), "request") + " done";
        }
        return output.line(line);
    }

    private static String count(long number, String what) {
        return number + " " + what + (number == 1 ? "" : "s");
    }
}
