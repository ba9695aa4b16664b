package dev.perthread.cli.timeline;

import dev.perthread.cli.console.Arguments;
import dev.perthread.cli.console.CommandFailure;
import dev.perthread.cli.console.ExitStatus;
import dev.perthread.cli.console.OptionConverters;
import dev.perthread.cli.console.Output;
import dev.perthread.cli.console.Subcommand;
import dev.perthread.cli.console.Syntax;
import dev.perthread.cli.console.TerminalView;
import dev.perthread.cli.console.UsageException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The subcommand {@code timeline}: draws a flight recording as a page, or as lines. */
public final class TimelineCommand implements Subcommand {
    private static final String DEMO_PAGE = "perthread-demo.html";

    /** Used once. */
    public TimelineCommand() {}

    @Override
    public Syntax syntax() {
        return new Syntax("timeline", "Draw a JFR recording: which thread had which resource when, and which waited.")
                .details("The result is one HTML page that needs no network: a lane per resource or per thread, in it"
                        + " opening, leased and idle; above, how many waited; leaks and failures are marked."
                        + " Record a program with -XX:StartFlightRecording or jcmd PID JFR.start, or use fetch"
                        + " --record.")
                .operand("RECORDING", 0, 1, "The flight recording, a .jfr file.")
                .flag(
                        "--demo",
                        "Draw a recording that comes with this command: a thousand virtual threads share 16"
                                + " connections, one leaks, one is held too long.")
                .option(
                        "-o, --output",
                        "FILE",
                        "Where the page is written. Default: RECORDING with .html instead of .jfr, or " + DEMO_PAGE
                                + ".")
                .flag("-f, --force", "Overwrite the page if it exists already.")
                .flag("--text", "Print lines of characters instead.")
                .option(
                        "--by",
                        "VIEW",
                        "With --text: a line per thread or per resource. Default: the one with fewer lines.")
                .option("--width", "N", "With --text: how wide. Default: as the terminal, or 100.")
                .footer(
                        "Examples:",
                        "  perthread timeline app.jfr",
                        "  perthread timeline app.jfr --text | less -S",
                        "  perthread timeline --demo");
    }

    @Override
    public int run(Arguments arguments) throws CommandFailure {
        @Nullable Path recording = recording(arguments);
        @Nullable Path output = arguments.find("output", OptionConverters::file);
        @Nullable Integer width = arguments.find("width", OptionConverters::width);
        TimelineText.@Nullable By by = arguments.find("by", TimelineText.By::parse);
        boolean text = arguments.has("text");
        boolean force = arguments.has("force");
        refuseIf(text && output != null, "--output must be given without --text, which is printed and not written");
        refuseIf(text && force, "--force has no effect with --text");
        refuseIf(!text && width != null, "--width has no effect without --text");
        refuseIf(!text && by != null, "--by has no effect without --text");
        Recorder.refuseWithoutFlightRecorder();
        if (text) {
            return print(read(recording, Integer.MAX_VALUE), by, width == null ? TerminalView.width() : width);
        }
        Path page = output == null ? pageBeside(recording) : output;
        refuseIf(
                recording != null && same(recording, page),
                "--output must be another file than the recording, but was " + page);
        if (!force && Files.isRegularFile(page)) {
            throw TimelinePage.exists(page); // better said before the work than after it
        }
        Timeline timeline = read(recording, TimelinePage.MOST_BARS);
        TimelinePage.write(timeline, page, force || Files.exists(page));
        if (!timeline.leasesRecorded()) {
            System.out.println(Timeline.NO_LEASES);
        }
        System.out.println(Output.plain("Wrote " + page + ": "
                + timeline.all().threads() + " threads, " + timeline.all().resources() + " resources, "
                + timeline.spans().size() + " bars"));
        return ExitStatus.OK;
    }

    /** Null for the demo. */
    private static @Nullable Path recording(Arguments arguments) {
        List<Path> recordings = arguments.operands(OptionConverters::file);
        boolean demo = arguments.has("demo");
        refuseIf(demo && !recordings.isEmpty(), "--demo must be given without RECORDING");
        refuseIf(!demo && recordings.isEmpty(), "missing RECORDING, or --demo");
        return demo ? null : recordings.get(0);
    }

    private static Timeline read(@Nullable Path recording, int mostSpans) throws CommandFailure {
        return recording == null ? Demo.read(mostSpans) : TimelineReader.read(recording, mostSpans);
    }

    private static int print(Timeline timeline, TimelineText.@Nullable By by, int width) {
        Output out = new Output(System.out, System.err);
        for (String line : TimelineText.lines(timeline, by == null ? TimelineText.fewer(timeline) : by, width)) {
            if (!out.line(line)) {
                return ExitStatus.FAILED; // whoever read it has gone
            }
        }
        return ExitStatus.OK;
    }

    private static Path pageBeside(@Nullable Path recording) {
        if (recording == null) {
            return Path.of(DEMO_PAGE);
        }
        String name = String.valueOf(recording.getFileName());
        return recording.resolveSibling(name.replaceFirst("\\.jfr$", "") + ".html");
    }

    private static boolean same(Path one, Path other) {
        try {
            return Files.isSameFile(one, other);
        } catch (IOException e) {
            return false; // one of them is not there
        }
    }

    private static void refuseIf(boolean wrong, String why) {
        if (wrong) {
            throw new UsageException(why);
        }
    }
}
