package dev.perthread.cli.fetch;

import dev.perthread.cli.console.CommandFailure;
import dev.perthread.cli.console.ErrorMessages;
import dev.perthread.cli.console.ManifestVersion;
import dev.perthread.cli.console.OptionConverters;
import dev.perthread.cli.console.Output;
import dev.perthread.cli.timeline.Recorder;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** The subcommand {@code fetch}: its options, the run, its report, and what Ctrl-C does. */
@Command(
        name = "fetch",
        description = {
            "Fetch pages with many threads that share one connection object.",
            "",
            "Every thread opens a connection of its own, sends GET by HTTP/1.0, reads to the end and prints how many bytes"
                    + " it got, the header included. With --keep or --lend a connection serves many requests, by"
                    + " HTTP/1.1. Redirects are not followed, and a status such as 404 is told but is no"
                    + " failure. An answer that is empty, not HTTP, or shorter than it says is a failure."
        },
        mixinStandardHelpOptions = true,
        versionProvider = ManifestVersion.class,
        sortOptions = false,
        footerHeading = "%nExamples:%n",
        footer = {
            "  perthread fetch",
            "  perthread fetch http://localhost:8000/index.html --threads 8",
            "  perthread fetch -q -t 50 -n 1000 http://localhost:8000/",
            "  perthread fetch -q -t 50 -n 1000 --lend --limit 8 http://localhost:8000/",
            "  perthread fetch --cacert ca.pem https://localhost:8443/",
            "  perthread fetch --unix /run/app.sock http://localhost/status",
            "",
            "Exit status: 0 all went well, 1 a request failed, 2 the command line is wrong,",
            "130 stopped by Ctrl-C; what was done until then is printed."
        })
public final class FetchCommand implements Callable<Integer> {
    private static final Duration BAR_AFTER = Duration.ofSeconds(1);
    private static final Duration BAR_EVERY = Duration.ofMillis(200);
    private static final Duration LAST_WORDS = Duration.ofSeconds(5); // a name lookup cannot be cut short

    @Spec
    @SuppressWarnings("NullAway.Init") // picocli sets it
    private CommandSpec spec;

    @Parameters(
            paramLabel = "URL",
            arity = "0..*",
            description = "http[s]://HOST[:PORT][/PATH]. Without one a small built-in site is started and fetched.")
    private List<String> urls = new ArrayList<>();

    @Option(
            names = {"-t", "--threads"},
            paramLabel = "N",
            defaultValue = "2",
            converter = OptionConverters.Threads.class,
            description = "How many threads share the connection object (default: ${DEFAULT-VALUE}).")
    private int threads;

    @Option(
            names = {"-n", "--requests"},
            paramLabel = "N",
            defaultValue = "1",
            converter = OptionConverters.Requests.class,
            description = "How often each thread fetches each URL, with a new connection each time but for"
                    + " --keep and --lend (default: ${DEFAULT-VALUE}).")
    private int requests;

    @Option(names = "--virtual", description = "Use virtual threads; needs Java 21 or later.")
    private boolean virtual;

    @Mixin
    private final ConnectionOptions connectionOptions = new ConnectionOptions();

    @Option(
            names = "--timeout",
            paramLabel = "TIME",
            defaultValue = "10",
            converter = OptionConverters.Time.class,
            description =
                    "The longest wait to connect to an address, and for the next bytes: seconds, or a number with ms,"
                            + " s or m (default: ${DEFAULT-VALUE}).")
    @SuppressWarnings("NullAway.Init") // it has a default value
    private Duration timeout;

    @Option(
            names = "--max-bytes",
            paramLabel = "SIZE",
            defaultValue = "64M",
            converter = OptionConverters.Size.class,
            description =
                    "The longest answer: bytes, or a number with k, M or G (default: ${DEFAULT-VALUE}). One that is"
                            + " longer is given up.")
    private long maxBytes;

    @Option(
            names = {"-q", "--quiet"},
            description = "Print the summary only, not a line a request.")
    private boolean quiet;

    @Option(names = "--json", description = "Print one JSON document instead of lines.")
    private boolean json;

    @Option(
            names = "--record",
            paramLabel = "FILE",
            description = "Write a flight recording (.jfr) of who had which connection when.")
    private @Nullable Path record;

    @Option(
            names = "--timeline",
            paramLabel = "FILE",
            description = "Draw it: write a page (.html) such as the timeline command makes.")
    private @Nullable Path timeline;

    private final Output output = new Output(System.out, System.err);
    private final Failures failures = new Failures();
    private final ReentrantLock ending = new ReentrantLock();
    private boolean ended; // by ending
    private volatile boolean unrecorded;
    private volatile boolean stdoutClosed; // standard output is gone

    /** For picocli. */
    public FetchCommand() {}

    @Override
    public Integer call() throws IOException, InterruptedException, CommandFailure {
        FetchPlan plan = plan();
        if (!plan.targets().isEmpty()) {
            return fetch(plan, null);
        }
        try (DemoServer server = DemoServer.start(0)) {
            return fetch(
                    plan(targets(List.of(server.url() + "index.html"))),
                    "no URL given; fetching from a small built-in site at " + server.url());
        }
    }

    /** What the command line asks for; without a URL there are no targets in it. */
    FetchPlan plan() {
        if (virtual && !VirtualThreads.exist()) {
            throw misuse("--virtual needs Java 21 or later, and this is Java "
                    + Runtime.version().feature() + "; leave it out, or set JAVA_HOME to a newer one");
        }
        return plan(targets(urls));
    }

    private FetchPlan plan(List<Target> targets) {
        try {
            return new FetchPlan(
                    targets, threads, requests, virtual, timeout, maxBytes, connectionOptions.settings(targets));
        } catch (IllegalArgumentException e) {
            throw misuse(ErrorMessages.of(e));
        }
    }

    /** Reads the files that the plan names, and opens nothing. */
    FetchRun prepare(FetchPlan plan) {
        try {
            return new FetchRun(plan);
        } catch (IllegalArgumentException e) {
            throw misuse(ErrorMessages.of(e));
        }
    }

    private List<Target> targets(List<String> given) {
        try {
            return given.stream().map(Target::parse).toList();
        } catch (IllegalArgumentException e) {
            throw misuse(ErrorMessages.of(e));
        }
    }

    private ParameterException misuse(String message) {
        return new ParameterException(spec.commandLine(), message);
    }

    private int fetch(FetchPlan plan, @Nullable String note) throws IOException, InterruptedException, CommandFailure {
        try (FetchRun run = prepare(plan);
                Recorder recorder = Recorder.start(record, timeline)) {
            Report report = json
                    ? new JsonReport(output, quiet)
                    : new TextReport(output, quiet, plan.targets().size() > 1);
            if (note != null) {
                report.note(note);
            }
            Thread interrupted = new Thread(() -> interrupt(run, report, recorder), "interrupted");
            Runtime.getRuntime().addShutdownHook(interrupted);
            try {
                run.start(outcome -> tell(outcome, report));
                await(run);
                end(run, report, recorder);
            } finally {
                forget(interrupted);
            }
            boolean allWell = !stdoutClosed
                    && !unrecorded
                    && run.summary().succeeded() == run.planned(); // a thread that died counts nothing
            return allWell ? ExitCode.OK : ExitCode.SOFTWARE;
        }
    }

    private void tell(Outcome outcome, Report report) {
        if (outcome.failure() != null) {
            failures.add(outcome.target(), outcome.failure());
        }
        if (!report.outcome(outcome)) {
            stdoutClosed = true;
        }
    }

    private void await(FetchRun run) throws InterruptedException {
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

    /** Called by the Java runtime when a signal ends the process; it sets the exit status itself. */
    private void interrupt(FetchRun run, Report report, @Nullable Recorder recorder) {
        run.stop();
        try {
            run.await(LAST_WORDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        end(run, report, recorder);
    }

    /** By the main thread or by the one above, whichever is first; the other one waits until all is told. */
    private void end(FetchRun run, Report report, @Nullable Recorder recorder) {
        ending.lock();
        try {
            if (!ended) {
                ended = true;
                output.endBar();
                stdoutClosed |= !report.summary(run.summary());
                failures.tell(output, run.planned());
                finish(run, recorder);
                if (stdoutClosed) {
                    output.error("standard output cannot be written to; stopped");
                }
            }
        } finally {
            ending.unlock();
        }
    }

    /** What cannot be written is told like a failed request: the results were printed already. */
    private void finish(FetchRun run, @Nullable Recorder recorder) {
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
