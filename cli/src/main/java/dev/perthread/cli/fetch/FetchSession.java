package dev.perthread.cli.fetch;

import dev.perthread.cli.console.CommandFailure;
import dev.perthread.cli.console.ErrorMessages;
import dev.perthread.cli.console.ExitStatus;
import dev.perthread.cli.console.Output;
import dev.perthread.cli.timeline.Recorder;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;
import org.jline.utils.Signals;
import org.jspecify.annotations.Nullable;

/** A fetch run with its report, its progress bar, and what Ctrl-C does. Used once, by the main thread. */
final class FetchSession {
    private static final Duration BAR_AFTER = Duration.ofSeconds(1);
    private static final Duration BAR_EVERY = Duration.ofMillis(200);
    private static final Duration LAST_WORDS = Duration.ofSeconds(5); // a name lookup cannot be cut short

    private static final Map<String, Integer> SIGNALS = Map.of("HUP", 1, "INT", 2, "TERM", 15);

    private final FetchRun run;
    private final Report report;
    private final @Nullable Recorder recorder;
    private final Output output;
    private final Failures failures = new Failures();
    private final ReentrantLock ending = new ReentrantLock();
    private boolean ended; // by ending
    private volatile boolean unrecorded;
    private volatile boolean stdoutClosed;
    private volatile int signal; // that ended a run which is recorded, or 0

    FetchSession(FetchRun run, Report report, @Nullable Recorder recorder, Output output) {
        this.run = run;
        this.report = report;
        this.recorder = recorder;
        this.output = output;
    }

    /** Returns the exit status. */
    int run() throws InterruptedException, CommandFailure {
        Thread interrupted = new Thread(this::interrupt, "interrupted");
        Runtime.getRuntime().addShutdownHook(interrupted);
        if (recorder != null) {
            SIGNALS.forEach((name, number) -> Signals.register(name, () -> signalled(number)));
        }
        try {
            run.start(this::tell);
            await();
            end();
        } finally {
            forget(interrupted);
        }
        if (signal != 0) {
            return ExitStatus.SIGNAL + signal;
        }
        boolean allWell = !stdoutClosed
                && !unrecorded
                && run.summary().succeeded() == run.planned(); // a thread that died counts nothing
        return allWell ? ExitStatus.OK : ExitStatus.FAILED;
    }

    private void tell(Outcome outcome) {
        if (outcome.failure() != null) {
            failures.add(outcome.target(), outcome.failure());
        }
        if (!report.outcome(outcome)) {
            stdoutClosed = true;
        }
    }

    private void await() throws InterruptedException {
        if (run.await(BAR_AFTER)) {
            return;
        }
        try (ProgressView view = ProgressView.isWanted() ? new ProgressView(output, run.planned()) : null) {
            while (!run.await(BAR_EVERY)) {
                if (view != null) {
                    view.show(run);
                }
                if (stdoutClosed) {
                    run.stop(); // whoever read the lines has gone: nobody wants the rest
                }
            }
        }
    }

    /**
     * Ends a run that is recorded in the main thread, with the program still running: once it ends, Flight Recorder takes
     * its files away in a hook of its own, at the same time as they would be copied in ours.
     */
    private void signalled(int number) {
        boolean again = signal != 0;
        signal = number;
        run.stop();
        try {
            if (again || !run.await(LAST_WORDS)) {
                System.exit(ExitStatus.SIGNAL + number);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Called by the Java runtime when a signal ends the process; it sets the exit status itself. */
    private void interrupt() {
        run.stop();
        try {
            run.await(LAST_WORDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        end();
    }

    /** By the main thread or by the one above, whichever is first; the other one waits until all is reported. */
    private void end() {
        ending.lock();
        try {
            if (!ended) {
                ended = true;
                output.endBar();
                stdoutClosed |= !report.summary(run.summary());
                failures.tell(output, run.planned());
                finishRecording();
                if (stdoutClosed) {
                    output.error("standard output cannot be written to; stopped");
                }
            }
        } finally {
            ending.unlock();
        }
    }

    /** What cannot be written is reported like a failed request: the results were printed already. */
    private void finishRecording() {
        if (recorder != null) {
            run.close(); // so that the last connections' ends are in it
            try {
                recorder.finish();
            } catch (CommandFailure e) {
                unrecorded = true;
                output.error(ErrorMessages.of(e));
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private static void forget(Thread hook) {
        try {
            Runtime.getRuntime().removeShutdownHook(hook);
        } catch (IllegalStateException e) {
            // The process is ending by a signal already, and the hook runs: that is what it is there for.
            return;
        }
    }
}
