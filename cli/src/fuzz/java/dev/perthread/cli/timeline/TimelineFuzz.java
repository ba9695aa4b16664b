package dev.perthread.cli.timeline;

import static dev.perthread.fuzz.Promises.holds;

import dev.perthread.cli.console.CommandFailure;
import dev.perthread.cli.console.Output;
import dev.perthread.fuzz.Promises;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Flight recordings: drawn, or refused in one line; and nothing that is in one ends the script of the page. */
public final class TimelineFuzz {
    private static final int LONGEST = 1 << 20; // the JDK's reader takes memory for what a file claims to hold
    private static final Path RECORDING = file(".jfr");
    private static final Path PAGE = file(".html");
    private static int scripts; // in a page, once there was one

    private TimelineFuzz() {}

    private static Path file(String suffix) {
        try {
            Path file = Files.createTempFile("perthread-fuzz", suffix);
            file.toFile().deleteOnExit();
            return file;
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    public static void fuzzerTestOneInput(byte[] input) throws IOException {
        if (input.length > LONGEST) {
            return;
        }
        Files.write(RECORDING, input);
        try {
            TimelinePage.write(TimelineReader.read(RECORDING, TimelinePage.MOST_BARS), PAGE, true);
        } catch (CommandFailure refusal) {
            Promises.isOneLineToRead(Output.plain(refusal.getMessage())); // as it is printed
            holds(!refusal.getMessage().contains("\n"), "more than one line");
            holds(refusal.getMessage().contains(RECORDING.toString()), "does not name the file: " + refusal);
            return;
        }
        int found = Files.readString(PAGE).split("</script", -1).length;
        scripts = scripts == 0 ? found : scripts;
        holds(found == scripts, "the recording ends the page's script");
    }
}
