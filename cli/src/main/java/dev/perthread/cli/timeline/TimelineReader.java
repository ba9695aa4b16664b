package dev.perthread.cli.timeline;

import dev.perthread.cli.console.CommandFailure;
import dev.perthread.cli.console.ErrorMessages;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import jdk.jfr.consumer.RecordingFile;

/** Reads PerThread's events out of a flight recording, and says in one line what is wrong with a file that has none. */
final class TimelineReader {
    private static final byte[] MAGIC = {'F', 'L', 'R', 0};

    private final Path file;
    private final TimelineBuilder builder = new TimelineBuilder();
    private final EventReader events = new EventReader(builder);

    private TimelineReader(Path file) {
        this.file = file;
    }

    /** All of it. */
    static Timeline read(Path file) throws CommandFailure {
        return read(file, Integer.MAX_VALUE);
    }

    /** Where it has more than so many spans, the short ones are condensed. */
    static Timeline read(Path file, int mostSpans) throws CommandFailure {
        return new TimelineReader(file).readAll(mostSpans);
    }

    private Timeline readAll(int mostSpans) throws CommandFailure {
        refuseWhatIsNoRecording();
        refuseWhatNeverEnds();
        try (RecordingFile recording = new RecordingFile(file)) {
            while (recording.hasMoreEvents()) {
                events.add(recording.readEvent());
            }
            if (!builder.isEmpty()) {
                Path name = file.getFileName();
                return builder.build(Text.plain(String.valueOf(name == null ? file : name)), mostSpans);
            }
        } catch (IOException | RuntimeException | VirtualMachineError e) {
            // Whatever the JDK's reader stumbles over, InternalError included: it trusts what the file says.
            throw damaged(ErrorMessages.of(e));
        }
        throw new CommandFailure(file + ": no PerThread events among its " + events.others()
                + " events; must be a recording of a program that used PerThread meanwhile");
    }

    private void refuseWhatIsNoRecording() throws CommandFailure {
        if (!Files.exists(file)) {
            throw new CommandFailure(file + ": no such file");
        }
        if (Files.isDirectory(file)) {
            throw new CommandFailure(file + ": must be a flight recording (.jfr), but is a directory");
        }
        try (InputStream in = Files.newInputStream(file)) {
            byte[] first = in.readNBytes(MAGIC.length);
            if (first.length == 0) {
                throw new CommandFailure(file + ": must be a flight recording (.jfr), but is an empty file");
            }
            if (!Arrays.equals(first, MAGIC)) {
                throw new CommandFailure(file + ": not a flight recording (.jfr)");
            }
        } catch (IOException e) {
            throw new CommandFailure(file + ": cannot be read (" + ErrorMessages.of(e) + ")");
        }
    }

    private void refuseWhatNeverEnds() throws CommandFailure {
        String why;
        try {
            why = RecordingLayout.whyEndless(file);
        } catch (IOException | IllegalArgumentException e) { // a position that does not exist
            why = ErrorMessages.of(e);
        }
        if (why != null) {
            throw damaged(why);
        }
    }

    private CommandFailure damaged(String how) {
        return new CommandFailure(file + ": a flight recording that is cut off or damaged (" + Text.cut(how)
                + "); must be one whose program has ended, or that jcmd JFR.dump wrote");
    }
}
