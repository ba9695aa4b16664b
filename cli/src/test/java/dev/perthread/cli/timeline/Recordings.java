package dev.perthread.cli.timeline;

import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import jdk.jfr.Category;
import jdk.jfr.Event;
import jdk.jfr.Name;
import jdk.jfr.Recording;
import jdk.jfr.Timestamp;
import jdk.jfr.consumer.RecordingFile;
import org.jspecify.annotations.Nullable;

/**
 * Makes flight recordings whose content is known: the events of the library, committed one by one as a test wants
 * them. The same names and fields as in the library, which makes them only as its own things happen.
 */
final class Recordings {
    private static final String POOL = "sockets";

    private Recordings() {}

    @FunctionalInterface
    interface Content {
        void happen() throws InterruptedException;
    }

    @Category("PerThread")
    abstract static class Of extends Event {
        @Nullable
        String pool = POOL;

        long poolId = 1;

        @Nullable
        String ownerName = Thread.currentThread().getName();

        long ownerId = Thread.currentThread().getId();
    }

    abstract static class OfResource extends Of {
        long resourceId;
    }

    @Name("dev.perthread.Open")
    static final class Open extends OfResource {}

    @Name("dev.perthread.OpenFailed")
    static final class OpenFailed extends Of {
        String failure = "java.net.ConnectException: Connection refused";
    }

    @Name("dev.perthread.Lease")
    static final class Lease extends OfResource {
        @Nullable
        String outcome = "RELEASED";

        @Nullable
        String acquiredAt;
    }

    @Name("dev.perthread.Wait")
    static final class Wait extends Of {
        boolean served = true;
    }

    @Name("dev.perthread.Close")
    static final class Close extends OfResource {
        String reason = "";
    }

    @Name("dev.perthread.CloseFailed")
    static final class CloseFailed extends OfResource {
        String reason = "";
        String failure = "java.io.IOException: broken pipe";
    }

    @Name("dev.perthread.Leak")
    static final class Leak extends OfResource {
        @Timestamp(Timestamp.MILLISECONDS_SINCE_EPOCH)
        long leasedSince;

        @Nullable
        String acquiredAt;
    }

    static void record(Path file, Content content) throws IOException, InterruptedException {
        try (Recording recording = new Recording()) {
            recording.enable("dev.perthread.Lease"); // the library's own, which is off unless asked for
            recording.start();
            content.happen();
            recording.stop();
            recording.dump(file);
        }
    }

    /** In a thread of this name, until its end. */
    static void thread(String name, Runnable work) throws InterruptedException {
        Thread thread = new Thread(work, name);
        thread.start();
        thread.join();
    }

    /** Long enough to be seen beside the other lengths of a recording. */
    private static void last() {
        LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(3));
    }

    static void open(long resource) {
        Open open = new Open();
        open.resourceId = resource;
        open.begin();
        last();
        open.commit();
    }

    /** As Java 17 now and then writes an event: without its strings. */
    static void leaseWithoutWords(long resource) {
        Lease lease = new Lease();
        lease.resourceId = resource;
        lease.pool = null;
        lease.ownerName = null;
        lease.outcome = null;
        lease.begin();
        last();
        lease.commit();
    }

    static void lease(long resource, @Nullable String acquiredAt) {
        Lease lease = new Lease();
        lease.resourceId = resource;
        lease.acquiredAt = acquiredAt;
        lease.begin();
        last();
        lease.commit();
    }

    static void waited(boolean served) {
        Wait wait = new Wait();
        wait.served = served;
        wait.begin();
        last();
        wait.commit();
    }

    static void openFails() {
        OpenFailed failed = new OpenFailed();
        failed.begin();
        last();
        failed.commit();
    }

    static void close(long resource, String reason) {
        Close close = new Close();
        close.resourceId = resource;
        close.reason = reason;
        close.begin();
        last();
        close.commit();
    }

    /** By a thread that has nothing to do with it, of a resource that belongs to nobody. */
    static void closeFails(long resource) {
        CloseFailed failed = new CloseFailed();
        failed.resourceId = resource;
        failed.ownerId = 0;
        failed.reason = "IDLE_TIMEOUT";
        failed.begin();
        last();
        failed.commit();
    }

    static void leak(long resource, long since, String acquiredAt) {
        last();
        Leak leak = new Leak();
        leak.resourceId = resource;
        leak.leasedSince = since;
        leak.acquiredAt = acquiredAt;
        leak.commit();
    }

    static final String EVIL = "</script><script>document.title='taken'</script><b>";
    static final int KNOWN_LANES = 3;
    static final int KNOWN_OPENINGS = 3; // one of them in vain
    static final int KNOWN_LEASES = 4; // one of them leaked
    static final int KNOWN_IDLE = 3;
    static final int KNOWN_CLOSINGS = 2;
    static final int KNOWN_WAITS = 2;
    static final int KNOWN_SPANS = KNOWN_OPENINGS + KNOWN_LEASES + KNOWN_IDLE + KNOWN_CLOSINGS + KNOWN_WAITS;
    static final int KNOWN_MARKS = 4;

    /** Resource 1 is used twice by one thread, idle in between, and then by another; resource 2 leaks. */
    static void known(Path file) throws IOException, InterruptedException {
        record(file, () -> {
            thread("fetch-1", () -> {
                open(1);
                lease(1, "app.Fetch.one(Fetch.java:11)\napp.Main.main(Main.java:5)");
                last();
                lease(1, null);
            });
            thread(EVIL, () -> {
                waited(true);
                lease(1, "app." + EVIL + "(Evil.java:1)");
            });
            thread("leaker", () -> {
                openFails();
                waited(false);
                open(2);
                leak(2, System.currentTimeMillis() - 2, "app.Leak.forget(Leak.java:7)");
                close(2, "THREAD_ENDED");
            });
            closeFails(1);
        });
    }

    static long count(Path file, String event) throws IOException {
        long count = 0;
        try (RecordingFile recording = new RecordingFile(file)) {
            while (recording.hasMoreEvents()) {
                if (recording.readEvent().getEventType().getName().equals(event)) {
                    count++;
                }
            }
        }
        return count;
    }

    /** So many leases and a tenth as many waits, of so many threads, one after the other, of 16 resources. */
    static void crowd(Path file, int leases, int threads) throws IOException, InterruptedException {
        int resources = 16;
        record(file, () -> {
            Lease[] open = new Lease[resources];
            for (int n = 0; n < leases + resources; n++) {
                Lease before = open[n % resources];
                if (before != null) {
                    before.commit();
                }
                Lease lease = new Lease();
                lease.resourceId = 1L + n % resources;
                lease.ownerId = 1000L + n % threads;
                lease.ownerName = "request-" + n % threads;
                lease.begin();
                open[n % resources] = n < leases ? lease : null;
                if (n % 10 == 0 && n < leases) {
                    Wait wait = new Wait();
                    wait.ownerId = lease.ownerId;
                    wait.ownerName = lease.ownerName;
                    wait.begin();
                    wait.commit();
                }
            }
        });
    }
}
