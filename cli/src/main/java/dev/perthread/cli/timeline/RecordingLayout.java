package dev.perthread.cli.timeline;

import java.io.BufferedInputStream;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * The layout of a recording file, walked once to see that a walk of it ends. The JDK's reader does not look where it has been:
 * it waits for a header that is never finished, follows checkpoints in a circle, and steps back by an event's negative size.
 *
 * <p>A recording is a sequence of chunks. A chunk has a header, then events one after the other, each beginning with its size.
 * Some of them are checkpoints, each of which says how far back the one before it lies; the header says where the last one is.
 */
final class RecordingLayout {
    // In the header of a chunk, in bytes from its beginning:
    private static final int CHUNK_SIZE = 8;
    private static final int CHECKPOINT_POSITION = 16;
    private static final int METADATA_POSITION = 24;
    private static final int STATE = 64;
    private static final int FLAGS = 67;
    private static final int HEADER = 68;
    private static final byte UPDATING = -1;
    private static final byte COMPRESSED = 1;

    private static final int LONGEST_NUMBER = 9; // bytes of a compressed one
    private static final int LONGEST_CHECKPOINT_HEAD = 5 * LONGEST_NUMBER;
    private static final int CHECKPOINT = 1; // the type of event

    private final FileChannel file;
    private final long length;

    private RecordingLayout(FileChannel file) throws IOException {
        this.file = file;
        this.length = file.size();
    }

    /** Why reading it would not end, in words; null if it would, whatever else is wrong with it. */
    static @Nullable String whyEndless(Path recording) throws IOException {
        try (FileChannel file = FileChannel.open(recording)) {
            return new RecordingLayout(file).whyEndless();
        }
    }

    private @Nullable String whyEndless() throws IOException {
        ByteBuffer header = ByteBuffer.allocate(HEADER);
        long size;
        for (long chunk = 0; chunk >= 0 && file.read(header.clear(), chunk) == HEADER; chunk += size) {
            if (header.getLong(METADATA_POSITION) == 0 || header.get(STATE) == UPDATING) {
                return "the header at byte " + chunk + " is not finished";
            }
            size = header.getLong(CHUNK_SIZE);
            if (size < HEADER) {
                return null; // the reader notices
            }
            boolean compressed = (header.get(FLAGS) & COMPRESSED) != 0;
            String wrong = wrongCheckpoints(chunk + header.getLong(CHECKPOINT_POSITION), compressed);
            wrong = wrong == null ? wrongEvents(chunk, size, compressed) : wrong;
            if (wrong != null) {
                return wrong;
            }
        }
        return null;
    }

    private @Nullable String wrongCheckpoints(long last, boolean compressed) throws IOException {
        ByteBuffer head = ByteBuffer.allocate(LONGEST_CHECKPOINT_HEAD);
        long back;
        for (long at = last; at >= 0 && at < length; at += back) {
            file.read(head.clear(), at);
            Numbers numbers = new Numbers(new ByteArrayInputStream(head.array(), 0, head.position()), compressed);
            numbers.int32();
            if (numbers.int64() != CHECKPOINT) {
                return null; // the reader notices
            }
            numbers.int64();
            numbers.int64();
            back = numbers.int64();
            if (back > 0) {
                return "the checkpoint at byte " + at + " must point back, but points " + back + " bytes ahead";
            }
            if (back == 0 || numbers.ended) {
                return null;
            }
        }
        return null;
    }

    private @Nullable String wrongEvents(long chunk, long size, boolean compressed) throws IOException {
        file.position(chunk + HEADER);
        InputStream in = new BufferedInputStream(Channels.newInputStream(file), 1 << 16);
        Numbers numbers = new Numbers(in, compressed);
        long end = Math.min(length, chunk + size);
        for (long at = chunk + HEADER; at < end; ) {
            numbers.taken = 0;
            int event = numbers.int32();
            if (numbers.ended) {
                return null;
            }
            if (event < 0) {
                return "the event at byte " + at + " must have a size, but has " + event;
            }
            if (event < numbers.taken || end - at < event) {
                return null; // the reader notices
            }
            in.skipNBytes(event - numbers.taken);
            at += event;
        }
        return null;
    }

    /** Numbers as they are in a recording: seven bits per byte, the lowest first; or all bytes, the highest first. */
    private static final class Numbers {
        private static final int BITS = 7;
        private static final int MORE = 0x80;

        private final InputStream in;
        private final boolean compressed;
        private int taken;
        private boolean ended;

        Numbers(InputStream in, boolean compressed) {
            this.in = in;
            this.compressed = compressed;
        }

        int int32() throws IOException {
            return (int) (compressed ? packed() : plain(Integer.BYTES));
        }

        long int64() throws IOException {
            return compressed ? packed() : plain(Long.BYTES);
        }

        private int next() throws IOException {
            int value = in.read();
            ended |= value < 0;
            taken++;
            return value < 0 ? 0 : value;
        }

        private long packed() throws IOException {
            long number = 0;
            for (int n = 0; n < LONGEST_NUMBER - 1; n++) {
                int value = next();
                number |= (long) (value & (MORE - 1)) << (n * BITS);
                if (value < MORE) {
                    return number;
                }
            }
            return number | ((long) next() << ((LONGEST_NUMBER - 1) * BITS));
        }

        private long plain(int bytes) throws IOException {
            long number = 0;
            for (int n = 0; n < bytes; n++) {
                number = (number << Byte.SIZE) | next();
            }
            return number;
        }
    }
}
