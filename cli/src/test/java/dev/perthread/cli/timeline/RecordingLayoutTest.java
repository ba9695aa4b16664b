package dev.perthread.cli.timeline;

import static org.assertj.core.api.Assertions.assertThat;

import dev.perthread.cli.Cli;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Recordings changed so that the JDK's reader would never come to their end: each must be refused, in one line. */
@Timeout(60)
class RecordingLayoutTest {
    private static final int CHECKPOINT_POSITION = 16; // in the header
    private static final int HEADER = 68;
    private static final int LONGEST = 9; // bytes of a number

    @TempDir
    Path directory;

    private byte[] recording;

    @BeforeEach
    void record() throws Exception {
        Path whole = directory.resolve("whole.jfr");
        Recordings.known(whole);
        assertThat(RecordingLayout.whyEndless(whole)).isNull();
        recording = Files.readAllBytes(whole);
    }

    @Test
    void circularCheckpoints_areRefused() throws Exception {
        int last = (int) ByteBuffer.wrap(recording).getLong(CHECKPOINT_POSITION);
        int before = last + (int) numberAt(distanceAt(last));
        int distance = distanceAt(before);
        assertThat(lengthAt(distance)).as("a negative number").isEqualTo(LONGEST);
        write(distance, last - before);

        assertRefused("must point back");
    }

    @Test
    void checkpointThatPointsAhead_isRefused() throws Exception {
        int last = (int) ByteBuffer.wrap(recording).getLong(CHECKPOINT_POSITION);
        int before = last + (int) numberAt(distanceAt(last));
        write(distanceAt(last), before - last + recording.length); // beyond the end
        assertRefused("must point back");
    }

    @Test
    void eventOfNegativeSize_isRefused() throws Exception {
        write(HEADER + (int) numberAt(HEADER), 0x8000_0000L); // the sign of an int
        assertRefused("must have a size");
    }

    private void assertRefused(String why) throws Exception {
        Path changed = Files.write(directory.resolve("changed.jfr"), recording);
        Cli.Result result = Cli.runHere("timeline", changed.toString(), "--text");

        assertThat(result.status()).isEqualTo(1);
        assertThat(result.err().lines()).singleElement().asString().contains("changed.jfr", "damaged", why);
    }

    /** Where a checkpoint says how far away the one before it is: after its size, type, time and duration. */
    private int distanceAt(int checkpoint) {
        int at = checkpoint;
        for (int field = 0; field < 4; field++) {
            at += lengthAt(at);
        }
        return at;
    }

    private int lengthAt(int at) {
        int length = 1;
        while (length < LONGEST && recording[at + length - 1] < 0) {
            length++;
        }
        return length;
    }

    private long numberAt(int at) {
        int length = lengthAt(at);
        long number = 0;
        for (int n = 0; n < length; n++) {
            long bits = n == LONGEST - 1 ? recording[at + n] & 0xFF : recording[at + n] & 0x7F;
            number |= bits << (n * 7);
        }
        return number;
    }

    /** In its longest form, which may stand for any number. */
    private void write(int at, long number) {
        for (int n = 0; n < LONGEST - 1; n++) {
            recording[at + n] = (byte) (number >> (n * 7) | 0x80);
        }
        recording[at + LONGEST - 1] = (byte) (number >> ((LONGEST - 1) * 7));
    }
}
