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
import org.jspecify.annotations.Nullable;

/** The subcommand {@code timeline}: draws a flight recording as a page, or as lines. */
public final class TimelineCommand implements Subcommand {

    /** Used once. */
    public TimelineCommand() {}

    @Override
    public Syntax syntax() {
        return new Syntax("timeline", "Draw a JFR recording: which thread had which resource when, and which waited.")
                .details("The result is one HTML page that needs no network: a lane per resource or per thread, in it"
                        + " opening, leased and idle; above, how many waited; leaks and failures are marked."
                        + " Record a program with -XX:StartFlightRecording or jcmd PID JFR.start, or use fetch"
                        + " --record.")
                .operand("RECORDING", 1, 1, "The flight recording, a .jfr file.")
                .option(
                        "-o, --output",
                        "FILE",
                        "Where the page is written. Default: RECORDING with .html instead of .jfr.")
                .flag("-f, --force", "Overwrite the page if it exists already.")
                .flag("--text", "Print lines of characters instead.")
                .option(
                        "--by",
                        "VIEW",
                        "With --text: a line per thread or per resource. Default: the one with fewer lines.")
                .option("--width", "N", "With --text: how wide. Default: as the terminal, or 100.")
                .footer("Examples:", "  perthread timeline app.jfr", "  perthread timeline app.jfr --text | less -S");
    }

    @Override
    public int run(Arguments arguments) throws CommandFailure {
        Path recording = arguments.operands(OptionConverters::file).get(0);
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
            return print(TimelineReader.read(recording), by, width == null ? TerminalView.width() : width);
        }
        Path page = output == null ? pageBeside(recording) : output;
        refuseIf(same(recording, page), "--output must be another file than the recording, but was " + page);
        if (!force && Files.isRegularFile(page)) {
            throw TimelinePage.exists(page); // better said before the work than after it
        }
        Timeline timeline = TimelineReader.read(recording, TimelinePage.MOST_BARS);
        TimelinePage.write(timeline, page, force || Files.exists(page));
        if (!timeline.leasesRecorded()) {
            System.out.println(Timeline.NO_LEASES);
        }
        System.out.println(Output.plain("Wrote " + page + ": "
                + timeline.all().threads() + " threads, " + timeline.all().resources() + " resources, "
                + timeline.spans().size() + " bars"));
        return ExitStatus.OK;
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

    private static Path pageBeside(Path recording) {
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
