package dev.perthread.net;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.concurrent.ConcurrentSkipListSet;

/**
 * The record of which real servers and clients the tests met, and where one of Java stood in for them:
 * target/peers.txt.
 */
final class Peers {
    private static final Set<String> MET = new ConcurrentSkipListSet<>();

    private Peers() {}

    /** Notes it; the file has all that this run of the tests has met so far. */
    static synchronized void met(String line) throws IOException {
        MET.add(line);
        Files.createDirectories(Path.of("target"));
        Files.write(Path.of("target", "peers.txt"), MET);
    }
}
