package dev.perthread.cli.timeline;

import dev.perthread.cli.console.CommandFailure;
import dev.perthread.cli.console.ManifestVersion;
import dev.perthread.cli.console.OptionConverters;
import dev.perthread.cli.console.Output;
import dev.perthread.cli.console.TerminalView;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** The subcommand {@code timeline}: draws a flight recording as a page, or as lines. */
@Command(
        name = "timeline",
        description = {
            "Draw a JFR recording: who had which resource when, and who waited.",
            "",
            "The result is one HTML page that needs no network: a lane for each thread, in it waiting, opening, leased"
                    + " and idle, with a colour for each resource; leaks and failures are marked. Record a program with"
                    + " -XX:StartFlightRecording or jcmd PID JFR.start, or use fetch --record."
        },
        mixinStandardHelpOptions = true,
        versionProvider = ManifestVersion.class,
        sortOptions = false,
        footerHeading = "%nExamples:%n",
        footer = {"  perthread timeline app.jfr", "  perthread timeline app.jfr --text | less -S"})
public final class TimelineCommand implements Callable<Integer> {

    @Spec
    @SuppressWarnings("NullAway.Init") // picocli sets it
    private CommandSpec spec;

    @Parameters(paramLabel = "RECORDING", description = "The flight recording, a .jfr file.")
    @SuppressWarnings("NullAway.Init") // picocli demands it
    private Path recording;

    @Option(
            names = {"-o", "--output"},
            paramLabel = "FILE",
            description = "Where the page is written (default: RECORDING with .html instead of .jfr).")
    private @Nullable Path output;

    @Option(names = "--text", description = "Print lines of characters instead.")
    private boolean text;

    @Option(
            names = "--width",
            paramLabel = "N",
            converter = OptionConverters.Width.class,
            description = "With --text: how wide (default: that of the terminal, or 100).")
    private @Nullable Integer width;

    /** For picocli. */
    public TimelineCommand() {}

    @Override
    public Integer call() throws CommandFailure {
        refuseIf(text && output != null, "--text is printed and not written; --output is not allowed with it");
        refuseIf(!text && width != null, "--width has no effect without --text");
        Recorder.refuseWithoutFlightRecorder();
        if (text) {
            return print(TimelineReader.read(recording));
        }
        Path page = output == null ? pageBeside(recording) : output;
        refuseIf(same(recording, page), page + " is the recording itself; another --output is allowed");
        Timeline timeline = TimelineReader.read(recording);
        TimelinePage.write(timeline, page);
        if (!timeline.leasesRecorded()) {
            System.out.println(Timeline.NO_LEASES);
        }
        System.out.println(Output.plain("Wrote " + page + ": "
                + timeline.lanes().size() + " threads, " + timeline.resources().size() + " resources, "
                + timeline.spans().size() + " bars"));
        return ExitCode.OK;
    }

    private int print(Timeline timeline) {
        Output out = new Output(System.out, System.err);
        for (String line : TimelineText.lines(timeline, width == null ? TerminalView.width() : width)) {
            if (!out.line(line)) {
                return ExitCode.SOFTWARE; // whoever read it has gone
            }
        }
        return ExitCode.OK;
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

    private void refuseIf(boolean wrong, String why) {
        if (wrong) {
            throw new ParameterException(spec.commandLine(), why);
        }
    }
}
