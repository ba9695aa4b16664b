package dev.perthread.cli.fetch;

import dev.perthread.cli.console.Arguments;
import dev.perthread.cli.console.CommandFailure;
import dev.perthread.cli.console.ErrorMessages;
import dev.perthread.cli.console.OptionConverters;
import dev.perthread.cli.console.Output;
import dev.perthread.cli.console.Subcommand;
import dev.perthread.cli.console.Syntax;
import dev.perthread.cli.console.UsageException;
import dev.perthread.cli.timeline.Recorder;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The subcommand {@code fetch}: its options, and the plan they make. */
public final class FetchCommand implements Subcommand {

    /** Used once. */
    public FetchCommand() {}

    @Override
    public Syntax syntax() {
        Syntax syntax = new Syntax("fetch", "Fetch pages with many threads that share one connection object.")
                .details("Each thread opens a connection of its own, sends GET by HTTP/1.0, reads to the end and prints"
                        + " how many bytes it got, the header included. With --keep or --lend a connection serves many"
                        + " requests, by HTTP/1.1. Redirects are not followed, and a status such as 404 is shown but"
                        + " is no failure. A response that is empty, not HTTP, or shorter than it says is a failure.")
                .operand(
                        "URL",
                        0,
                        Integer.MAX_VALUE,
                        "http[s]://HOST[:PORT][/PATH]. Without one a small built-in server is started and fetched"
                                + " from.")
                .option("-t, --threads", "N", "2", "How many threads share the connection object.")
                .option(
                        "-n, --requests",
                        "N",
                        "1",
                        "How often each thread fetches each URL, with a new connection each time except with --keep"
                                + " and --lend.")
                .flag("--virtual", "Use virtual threads; needs Java 21 or later.");
        ConnectionOptions.addTo(syntax);
        return syntax.option(
                        "--timeout",
                        "TIME",
                        "10",
                        "The longest wait to connect to an address, and for the next bytes: seconds, or a number with"
                                + " ms, s or m.")
                .option(
                        "--max-time",
                        "TIME",
                        "10m",
                        "The longest time for a whole response, and to open a connection. A request that takes longer"
                                + " fails.")
                .option(
                        "--max-bytes",
                        "SIZE",
                        "64M",
                        "The longest response: bytes, or a number with k, M or G. A request with a longer one fails.")
                .flag("-q, --quiet", "Print the summary only, not a line per request.")
                .flag("--json", "Print one JSON document instead of lines.")
                .option(
                        "--record",
                        "FILE",
                        "Write a flight recording (.jfr) of which thread had which connection when.")
                .option("--timeline", "FILE", "Draw it: write a page (.html) as the timeline command does.")
                .footer(
                        "Examples:",
                        "  perthread fetch",
                        "  perthread fetch http://localhost:8000/index.html --threads 8",
                        "  perthread fetch -q -t 50 -n 1000 http://localhost:8000/",
                        "  perthread fetch -q -t 50 -n 1000 --lend --limit 8 http://localhost:8000/",
                        "  perthread fetch -t 9 --lend --limit 6 --limit-per-host 4 http://a/ http://b/",
                        "  perthread fetch --cacert ca.pem https://localhost:8443/",
                        "  perthread fetch --unix /run/app.sock http://localhost/status",
                        "",
                        "Exit status: 0 all went well, 1 a request failed, 2 the command line is wrong,",
                        "130 stopped by Ctrl-C; what was done until then is printed.");
    }

    @Override
    public int run(Arguments arguments) throws IOException, InterruptedException, CommandFailure {
        FetchPlan plan = plan(arguments);
        Output output = new Output(System.out, System.err);
        if (!plan.targets().isEmpty()) {
            return fetch(plan, arguments, output, null);
        }
        try (DemoServer server = DemoServer.start(0)) {
            return fetch(
                    plan(arguments, List.of(Target.parse(server.url() + "index.html"))),
                    arguments,
                    output,
                    "no URL given; fetching from a small built-in server at " + server.url());
        }
    }

    /** What the command line asks for; without a URL there are no targets in it. */
    FetchPlan plan(Arguments arguments) {
        if (arguments.has("virtual") && !VirtualThreads.exist()) {
            throw new UsageException("--virtual needs Java 21 or later, but this is Java "
                    + Runtime.version().feature() + "; leave it out, or set JAVA_HOME to a newer one");
        }
        return plan(arguments, arguments.operands(Target::parse));
    }

    private static FetchPlan plan(Arguments arguments, List<Target> targets) {
        try {
            return new FetchPlan(
                    targets,
                    arguments.get("threads", OptionConverters::threads),
                    arguments.get("requests", OptionConverters::requests),
                    arguments.has("virtual"),
                    !arguments.has("quiet"),
                    new FetchPlan.Bounds(
                            arguments.get("timeout", OptionConverters::time),
                            arguments.get("max-time", OptionConverters::time),
                            arguments.get("max-bytes", OptionConverters::size)),
                    new ConnectionOptions(arguments).settings(targets));
        } catch (IllegalArgumentException e) {
            throw new UsageException(ErrorMessages.of(e));
        }
    }

    /** Reads the files that the plan names, and opens nothing. */
    FetchRun prepare(FetchPlan plan) {
        try {
            return new FetchRun(plan);
        } catch (IllegalArgumentException e) {
            throw new UsageException(ErrorMessages.of(e));
        }
    }

    private int fetch(FetchPlan plan, Arguments arguments, Output output, @Nullable String note)
            throws IOException, InterruptedException, CommandFailure {
        @Nullable Path record = arguments.find("record", OptionConverters::file);
        @Nullable Path timeline = arguments.find("timeline", OptionConverters::file);
        boolean quiet = arguments.has("quiet");
        try (FetchRun run = prepare(plan);
                Recorder recorder = Recorder.start(record, timeline)) {
            Report report = arguments.has("json")
                    ? new JsonReport(output, quiet)
                    : new TextReport(output, quiet, plan.targets().size() > 1);
            if (note != null) {
                report.note(note);
            }
            return new FetchSession(run, report, recorder, output).run();
        }
    }
}
