// A FileChannel a thread: several threads read one large file, each at a position of its own.
package dev.perthread.examples;

import dev.perthread.IdlePolicy;
import dev.perthread.PerThread;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/**
 * A channel has one position, and an interrupt of a thread that reads from it closes it for all others. With one a thread
 * neither matters, and no more channels are opened than there are threads, however many pieces the file has.
 */
final class LineCount implements AutoCloseable {
    private static final int PIECE = 256 * 1024;

    private final Path file;
    private final PerThread<FileChannel, IOException> channels;

    LineCount(Path file) {
        this.file = file;
        this.channels = PerThread.<FileChannel, IOException>builder(
                        () -> FileChannel.open(file, StandardOpenOption.READ))
                .name(file.toString())
                .whenIdle(IdlePolicy.KEEP) // for the thread's next piece; closed when the thread ends
                .build();
    }

    /** The line ends of the whole file. */
    long count(int threads) throws Exception {
        List<Callable<Long>> pieces = new ArrayList<>();
        for (long from = 0; from < Files.size(file); from += PIECE) {
            long begin = from;
            pieces.add(() -> channels.call(channel -> countPiece(channel, begin)));
        }
        ExecutorService pool = Executors.newFixedThreadPool(threads);
        try {
            long lines = 0;
            for (Future<Long> piece : pool.invokeAll(pieces)) {
                lines += piece.get();
            }
            return lines;
        } finally {
            pool.shutdown();
        }
    }

    private static long countPiece(FileChannel channel, long begin) throws IOException {
        ByteBuffer piece = ByteBuffer.allocate(PIECE);
        channel.position(begin);
        while (piece.hasRemaining() && channel.read(piece) >= 0) {
            // a read may bring less than there is room for
        }
        long lines = 0;
        for (piece.flip(); piece.hasRemaining(); ) {
            lines += piece.get() == '\n' ? 1 : 0;
        }
        return lines;
    }

    long opened() {
        return channels.stats().opened();
    }

    @Override
    public void close() {
        channels.close();
    }

    /** Takes a file. */
    public static void main(String[] arguments) throws Exception {
        try (LineCount file = new LineCount(Path.of(arguments[0]))) {
            System.out.println(file.count(4) + " lines, by 4 threads with " + file.opened() + " channels");
        }
    }
}
