package dev.perthread.testkit;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Scanner;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Free ports for servers that are other programs and cannot be asked which port they took.
 *
 * <p>Binding port 0 and closing it again will not do: the system may give the same port to whoever asks next, be it
 * this program for its second server or any client that connects somewhere. These ports lie below the range that the
 * system gives away by itself, and none comes twice.
 */
public final class FreePort {

    private static final int LOWEST = 10_000;
    private static final int END = Math.max(LOWEST + 1_000, lowestThatTheSystemGives());
    private static final AtomicInteger NEXT =
            new AtomicInteger(ThreadLocalRandom.current().nextInt(END - LOWEST)); // other programs do the same

    private FreePort() {}

    /**
     * A port on which nobody listens, and which this method has not given before.
     *
     * @return the port
     * @throws IllegalStateException if all are taken
     */
    public static int next() {
        for (int tried = 0; tried < END - LOWEST; tried++) {
            int port = LOWEST + NEXT.getAndIncrement() % (END - LOWEST);
            try (ServerSocket free = new ServerSocket(port, 1, InetAddress.getLoopbackAddress())) {
                return free.getLocalPort();
            } catch (IOException taken) {
                // The next one, then.
            }
        }
        throw new IllegalStateException("no port is free from " + LOWEST + " to " + (END - 1));
    }

    private static int lowestThatTheSystemGives() {
        Path range = Path.of("/proc/sys/net/ipv4/ip_local_port_range");
        if (!Files.exists(range)) {
            return 32_768;
        }
        try (Scanner numbers = new Scanner(range, StandardCharsets.UTF_8)) {
            return numbers.nextInt();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
