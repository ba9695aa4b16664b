// One log file per thread: no lock, no lines of two threads mixed, and the file is whole when its thread has ended.
package dev.perthread.examples;

import dev.perthread.IdlePolicy;
import dev.perthread.PerThread;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;

/** What is buffered is written when the file is closed: when its thread has ended, or with the log. */
final class ThreadLog implements AutoCloseable {
    private final PerThread<BufferedWriter, IOException> files;

    ThreadLog(Path directory) {
        this.files = PerThread.<BufferedWriter, IOException>builder(() -> Files.newBufferedWriter(
                        directory.resolve(Thread.currentThread().getName() + ".log"),
                        StandardOpenOption.CREATE,
                        StandardOpenOption.APPEND))
                .name("log in " + directory)
                .whenIdle(IdlePolicy.KEEP)
                .build();
    }

    void log(String line) throws IOException {
        files.run(file -> {
            file.write(line);
            file.newLine();
        });
    }

    /** The files that are open now. */
    int open() {
        return files.stats().open();
    }

    @Override
    public void close() {
        files.close();
    }

    /** Takes a directory. */
    public static void main(String[] arguments) throws Exception {
        Path directory = Files.createDirectories(Path.of(arguments[0]));
        try (ThreadLog log = new ThreadLog(directory)) {
            List<Thread> threads = new ArrayList<>();
            for (int i = 0; i < 3; i++) {
                Thread thread = new Thread(() -> work(log), "worker-" + i);
                thread.start();
                threads.add(thread);
            }
            for (Thread thread : threads) {
                thread.join();
            }
        }
        try (var files = Files.list(directory)) {
            for (Path file : files.sorted().toList()) {
                System.out.println(
                        file.getFileName() + ": " + Files.readAllLines(file).size() + " lines");
            }
        }
    }

    private static void work(ThreadLog log) {
        try {
            for (int i = 0; i < 100; i++) {
                log.log("line " + i);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
