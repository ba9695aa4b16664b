package dev.perthread.net;

import java.io.IOException;
import java.net.ConnectException;
import java.net.SocketException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * How the system says that the queue of a Unix socket is full. The Java runtime passes its error (EAGAIN) on by its words
 * only, which are those of the system's language; so where they are not the English ones, a queue is filled here once, to
 * see what is said then.
 */
final class FullQueue {
    private static final String ENGLISH = "temporarily unavailable";
    private static final int MOST = 50; // the kernel takes one or two more than it is asked to

    private FullQueue() {}

    /** Whether this is why a Unix socket could not be connected to this path. */
    static boolean isCause(SocketException failure, Path path) {
        String words = failure.getMessage();
        if (words == null || failure.getClass() != SocketException.class) {
            return false; // refused, or no permission: these have kinds of their own
        }
        return words.contains(ENGLISH)
                || (Files.exists(path) && !Files.isRegularFile(path) && words.equals(Words.LOCAL));
    }

    /** Found when it is first needed. */
    private static final class Words {
        static final @Nullable String LOCAL = find();

        private static @Nullable String find() {
            List<AutoCloseable> open = new ArrayList<>();
            try {
                Path directory = Files.createTempDirectory("perthread");
                open.add(() -> Files.deleteIfExists(directory));
                Path path = directory.resolve("full");
                open.add(() -> Files.deleteIfExists(path));
                ServerSocketChannel listener = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
                open.add(listener);
                listener.bind(UnixDomainSocketAddress.of(path), 1);
                return fill(path, open);
            } catch (IOException | UnsupportedOperationException notToBeFound) {
                return null;
            } finally {
                for (int i = open.size() - 1; i >= 0; i--) {
                    try {
                        open.get(i).close();
                    } catch (Exception unimportant) {
                        // It was there for its words only.
                    }
                }
            }
        }

        private static @Nullable String fill(Path path, List<AutoCloseable> open) throws IOException {
            while (open.size() < MOST) {
                SocketChannel next = SocketChannel.open(StandardProtocolFamily.UNIX);
                open.add(next);
                next.configureBlocking(false);
                try {
                    next.connect(UnixDomainSocketAddress.of(path));
                } catch (ConnectException refused) {
                    return null;
                } catch (SocketException full) {
                    return full.getMessage();
                }
            }
            return null;
        }
    }
}
