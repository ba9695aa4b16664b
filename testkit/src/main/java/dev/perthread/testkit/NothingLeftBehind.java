package dev.perthread.testkit;

import java.io.IOException;
import java.net.ServerSocket;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.function.Supplier;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionTimeoutException;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * A JUnit extension, registered for all tests through the service loader, that fails a test which leaves a resource, a
 * thread or a socket behind, or whose threads or log said something unexpected.
 */
public final class NothingLeftBehind implements BeforeEachCallback, AfterEachCallback, AfterAllCallback {

    /** A tag for tests whose tools keep threads and sockets from one test to the next, as what drives a browser does. */
    public static final String TOOLS_STAY = "tools-stay";

    private static final Duration PATIENCE = Duration.ofSeconds(30);
    private static final Path DESCRIPTORS = Path.of("/proc/self/fd");
    private static final Set<String> LIBRARY_THREADS = Set.of("perthread-reaper", "perthread-net-watchdog");
    private static final Queue<Throwable> UNCAUGHT = new ConcurrentLinkedQueue<>();

    static {
        Awaitility.setDefaultTimeout(PATIENCE); // what is awaited comes at once, but on a busy machine not within 10 s

        // With its first socket the Java runtime opens one for itself, for ever: not to be laid at a test's door.
        try {
            new ServerSocket(0).close();
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    private Set<Thread> threadsBefore = Set.of();
    private Set<String> socketsBefore = Set.of();

    /** For JUnit. */
    public NothingLeftBehind() {}

    @Override
    public void beforeEach(ExtensionContext context) {
        UNCAUGHT.clear();
        Thread.setDefaultUncaughtExceptionHandler((thread, failure) -> UNCAUGHT.add(failure));
        LogLines.begin();
        Probe.begin();
        threadsBefore = threads();
        socketsBefore = sockets();
    }

    @Override
    public void afterEach(ExtensionContext context) {
        List<String> complaints = new ArrayList<>();
        untilEmpty(complaints, "resources left open", Probe::open);
        if (!context.getTags().contains(TOOLS_STAY)) {
            untilEmpty(complaints, "threads left over", () -> minus(threads(), threadsBefore));
            untilEmpty(complaints, "sockets left open", () -> minus(sockets(), socketsBefore));
        }
        complaints.addAll(Probe.complaints());
        UNCAUGHT.forEach(failure -> complaints.add("uncaught exception: " + failure));
        complaints.addAll(LogLines.complaints());
        if (!complaints.isEmpty()) {
            AssertionError error =
                    new AssertionError("the test left something behind: " + String.join("; ", complaints));
            UNCAUGHT.forEach(error::addSuppressed);
            throw error;
        }
    }

    /** The library's own thread outlasts the last resource by a moment, so it is waited for once a class, not a test. */
    @Override
    public void afterAll(ExtensionContext context) {
        List<String> complaints = new ArrayList<>();
        untilEmpty(complaints, "the library's thread, with nothing open", NothingLeftBehind::libraryThreads);
        if (!complaints.isEmpty()) {
            throw new AssertionError("the class left something behind: " + String.join("; ", complaints));
        }
    }

    private static Set<Thread> libraryThreads() {
        Set<Thread> threads = new LinkedHashSet<>(Thread.getAllStackTraces().keySet());
        threads.removeIf(thread -> !LIBRARY_THREADS.contains(thread.getName()));
        return threads;
    }

    /** What was closed may still be ending; so this waits, within bounds. */
    private static void untilEmpty(List<String> complaints, String what, Supplier<? extends Set<?>> left) {
        try {
            Awaitility.await()
                    .pollInSameThread()
                    .pollDelay(Duration.ZERO)
                    .pollInterval(Duration.ofMillis(5))
                    .atMost(PATIENCE)
                    .until(() -> left.get().isEmpty());
        } catch (ConditionTimeoutException late) {
            complaints.add(what + ": " + left.get());
        }
    }

    private static Set<Object> minus(Set<?> now, Set<?> before) {
        Set<Object> extra = new LinkedHashSet<>(now);
        extra.removeAll(before);
        return extra;
    }

    /** All platform threads but those that the JDK and JUnit keep for later. */
    private static Set<Thread> threads() {
        Set<Thread> threads = new LinkedHashSet<>(Thread.getAllStackTraces().keySet());
        threads.removeIf(thread -> {
            String name = thread.getName();
            ThreadGroup group = thread.getThreadGroup();
            return !thread.isAlive()
                    || LIBRARY_THREADS.contains(name)
                    || group == null
                    || (group.getParent() == null && !name.startsWith("perthread")) // the JDK's own
                    || group.getName().equals("InnocuousThreadGroup") // pollers, cleaners
                    || name.startsWith("ForkJoinPool")
                    || name.startsWith("junit-")
                    || name.startsWith("surefire")
                    || name.startsWith("Cleaner-")
                    || name.startsWith("process reaper")
                    || name.startsWith("VirtualThread-")
                    || name.startsWith("JFR ")
                    || name.startsWith("HttpServer-timer")
                    || name.startsWith("idle-timeout-task");
        });
        return threads;
    }

    /** The sockets this process has open, each by its inode; empty where there is no /proc. */
    private static Set<String> sockets() {
        Set<String> sockets = new LinkedHashSet<>();
        if (!Files.isDirectory(DESCRIPTORS)) {
            return sockets;
        }
        try (DirectoryStream<Path> entries = Files.newDirectoryStream(DESCRIPTORS)) {
            for (Path entry : entries) {
                try {
                    String target = Files.readSymbolicLink(entry).toString();
                    if (target.startsWith("socket:")) {
                        sockets.add(target);
                    }
                } catch (NoSuchFileException closedMeanwhile) {
                    sockets.remove(entry.toString());
                }
            }
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
        return sockets;
    }
}
