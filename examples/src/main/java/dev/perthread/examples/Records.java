// A RandomAccessFile a thread: records of a fixed size in one file, read and written by any number of threads.
package dev.perthread.examples;

import dev.perthread.IdlePolicy;
import dev.perthread.PerThread;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.stream.IntStream;

/**
 * To seek and to read are two steps, and what is shared by two threads can be moved between them. Here a thread has the
 * file for itself for as long as both take; at most eight are open at once, and who comes later waits for one.
 */
final class Records implements AutoCloseable {
    static final int SIZE = 32;

    private final PerThread<RandomAccessFile, IOException> files;

    Records(Path file) {
        this.files = PerThread.<RandomAccessFile, IOException>builder(() -> new RandomAccessFile(file.toFile(), "rw"))
                .name(file.toString())
                .whenIdle(IdlePolicy.LEND)
                .limit(8)
                .build();
    }

    byte[] read(int number) throws IOException {
        return files.call(file -> {
            byte[] record = new byte[SIZE];
            file.seek((long) SIZE * number);
            file.readFully(record);
            return record;
        });
    }

    /** Two threads that write the same record must agree with each other; this does not do it for them. */
    void write(int number, byte[] record) throws IOException {
        if (record.length != SIZE) {
            throw new IllegalArgumentException("the record must have " + SIZE + " bytes, but has " + record.length);
        }
        files.run(file -> {
            file.seek((long) SIZE * number);
            file.write(record);
        });
    }

    long opened() {
        return files.stats().opened();
    }

    @Override
    public void close() {
        files.close();
    }

    static byte[] record(int number) {
        return String.format("%-" + SIZE + "s", "record " + number).getBytes(StandardCharsets.US_ASCII);
    }

    /** Takes a file, which is overwritten. */
    public static void main(String[] arguments) throws IOException {
        try (Records records = new Records(Path.of(arguments[0]))) {
            IntStream.range(0, 1000).parallel().forEach(number -> {
                try {
                    records.write(number, record(number));
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            });
            System.out.println("number 500 is: " + new String(records.read(500), StandardCharsets.US_ASCII).strip());
            System.out.println("1000 written, with " + records.opened() + " open files at most");
        }
    }
}
