package dev.perthread;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.perthread.testkit.Actor;
import dev.perthread.testkit.Probe;
import dev.perthread.testkit.ThreadKind;
import java.lang.management.ManagementFactory;
import java.lang.ref.WeakReference;
import java.util.ArrayList;
import java.util.List;
import javax.management.JMX;
import javax.management.MBeanServer;
import javax.management.ObjectName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** A holder is shown to JMX to who asks for it, from then until either is closed or the holder is dropped. */
class JmxTest {
    private static final MBeanServer SERVER = ManagementFactory.getPlatformMBeanServer();

    private static PerThread.Builder<Probe, RuntimeException> builder() {
        return PerThread.<Probe, RuntimeException>builder(Probe::new)
                .name("orders")
                .whenIdle(IdlePolicy.KEEP)
                .reusing();
    }

    private static PerThreadMXBean proxy(PerThreadMXBean.Registration registration) throws Exception {
        return JMX.newMXBeanProxy(SERVER, new ObjectName(registration.objectName()), PerThreadMXBean.class);
    }

    private static boolean isShown(String name) throws Exception {
        return SERVER.isRegistered(new ObjectName(name));
    }

    @Test
    void aClientInAnotherProcessSeesItWithoutTheLibrary() throws Exception {
        try (ForkedJvm child = ForkedJvm.start(List.of(), "outside.Scopes", "shown")) {
            String[] shown = child.readUntil("shown ").split(" ", 2);
            String name = "dev.perthread:type=PerThread,name=\"orders, \\\"primary\\\"\"";
            assertThat(shown[1]).isEqualTo(name);
            assertThat(ForkedJvm.run(
                            List.of("--add-modules", "jdk.attach,java.management.rmi"), "outside.Console", shown[0]))
                    .startsWith(name)
                    .contains(
                            "Name=orders, \"primary\"",
                            "Limit=3",
                            "Opened=1",
                            "Open=1",
                            "Leased=1",
                            "Idle=0",
                            "Acquired=1",
                            "Waiting=0",
                            "resource id=1",
                            "resource threadName=main of the shown",
                            "resource state=LEASED",
                            "resource uses=1",
                            "evicted 0")
                    .anyMatch(line -> line.startsWith("resource acquiredAt=outside.Caller.acquireHere("))
                    .anyMatch(line -> line.matches("resource leasedSinceMillis=\\d{13}"));
            child.say("go on");
            child.readUntil("idle");
            assertThat(ForkedJvm.run(List.of(), "outside.Console", shown[0]))
                    .contains("Idle=1", "resource leasedSinceMillis=0", "evicted 1");
        }
    }

    @Test
    void pool_mustBeShownFromItsBuilding_whereTheSystemPropertySaysSo() throws Exception {
        String name = "dev.perthread:type=PerThread,name=\"orders\"";
        String keyed = "dev.perthread:type=PerThread,name=\"hosts\"";
        System.setProperty("perthread.jmx", "true");
        try (PerThread<Probe, RuntimeException> pool = builder().build();
                KeyedPerThread<String, Probe, RuntimeException> hosts =
                        KeyedPerThread.<String, Probe, RuntimeException>builder(key -> new Probe())
                                .name("hosts")
                                .build()) {
            assertThat(List.of(pool.isClosed(), hosts.isClosed())).containsOnly(false);
            assertThat(isShown(name)).isTrue();
            assertThat(isShown(keyed)).isTrue();
        } finally {
            System.clearProperty("perthread.jmx");
        }
        assertThat(isShown(name)).isFalse();
        assertThat(isShown(keyed)).isFalse();
        try (PerThread<Probe, RuntimeException> pool = builder().build()) {
            assertThat(pool.isClosed()).isFalse();
            assertThat(isShown(name)).as("without the property").isFalse();
        }
    }

    @ParameterizedTest
    @MethodSource(Matrix.KINDS)
    void theAttributesAreThoseOfTheHolderAndTheOperationsWork(ThreadKind kind) throws Exception {
        PerThread<Probe, RuntimeException> pool = builder().limit(2).build();
        try (Actor first = new Actor(kind);
                Actor second = new Actor(kind);
                PerThreadMXBean.Registration registration = pool.registerMXBean()) {
            first.call(() -> pool.call(probe -> probe));
            Lease<Probe> lease = second.call(pool::acquire);
            PerThreadMXBean shown = proxy(registration);
            Stats now = pool.stats();
            assertThat(new Stats(
                            shown.getOpened(),
                            shown.getClosed(),
                            shown.getOpen(),
                            shown.getLeased(),
                            shown.getIdle(),
                            shown.getOpening(),
                            shown.getWaiting(),
                            shown.getAcquired(),
                            shown.getWaited(),
                            shown.getOpenFailures(),
                            shown.getCloseFailures(),
                            shown.getTimeouts(),
                            shown.getReclaimed(),
                            shown.getLeaked(),
                            shown.getHeldTooLong(),
                            shown.getRefused(),
                            shown.getWaitNanos(),
                            shown.getOpenNanos(),
                            shown.getLeaseNanos(),
                            shown.getMostOpen(),
                            now.closedByReason(),
                            now.lastOpenFailure()))
                    .isEqualTo(now);
            assertThat(shown.getClosedByReason()).isEmpty();
            assertThat(shown.getLastOpenFailure()).isEmpty();
            assertThat(shown.getName()).isEqualTo("orders");
            assertThat(shown.getLimit()).isEqualTo(2);
            assertThat(shown.getResources())
                    .extracting(PerThreadMXBean.Resource::getThreadId)
                    .containsExactlyInAnyOrder(Platform.id(first.thread()), Platform.id(second.thread()));
            assertThat(shown.reap()).isZero();
            assertThat(shown.evictIdle()).isEqualTo(1);
            assertThat(Probe.closed()).isEqualTo(1);
            second.call(() -> {
                lease.close();
                return null;
            });
        } finally {
            pool.close();
        }
    }

    @Test
    void poolThatTheSystemPropertyHasRegistered_mustNotBeShownTwice_whenTheProgramRegistersItToo() throws Exception {
        System.setProperty("perthread.jmx", "true");
        try (PerThread<Probe, RuntimeException> pool = builder().build();
                KeyedPerThread<String, Probe, RuntimeException> hosts =
                        KeyedPerThread.<String, Probe, RuntimeException>builder(key -> new Probe())
                                .name("hosts")
                                .build()) {
            PerThreadMXBean.Registration registration = pool.registerMXBean();
            PerThreadMXBean.Registration ofHosts = hosts.registerMXBean();
            assertThat(SERVER.queryNames(new ObjectName("dev.perthread:*"), null))
                    .extracting(ObjectName::toString)
                    .containsExactlyInAnyOrder(registration.objectName(), ofHosts.objectName());
            registration.close();
            assertThat(isShown(registration.objectName())).isFalse();
            assertThat(pool.registerMXBean().objectName()).isEqualTo(registration.objectName());
            assertThat(isShown(registration.objectName())).isTrue();
        } finally {
            System.clearProperty("perthread.jmx");
        }
        assertThat(SERVER.queryNames(new ObjectName("dev.perthread:*"), null)).isEmpty();
    }

    @Test
    void itGoesWithItsRegistrationAndWithItsHolder() throws Exception {
        PerThread<Probe, RuntimeException> pool = builder().build();
        PerThreadMXBean.Registration first = pool.registerMXBean();
        PerThreadMXBean.Registration second = pool.registerMXBean();
        assertThat(second.objectName()).isEqualTo(first.objectName() + ",id=2");
        assertThat(isShown(first.objectName())).isTrue();
        first.close();
        first.close();
        assertThat(isShown(first.objectName())).isFalse();
        assertThat(isShown(second.objectName())).isTrue();
        PerThread<Probe, RuntimeException> other = builder().build();
        PerThreadMXBean.Registration third = other.registerMXBean();
        assertThat(third.objectName()).isEqualTo(first.objectName());
        pool.close();
        assertThat(isShown(second.objectName())).isFalse();
        first.close(); // the name is another's by now
        assertThat(isShown(third.objectName())).isTrue();
        other.close();
        assertThat(isShown(third.objectName())).isFalse();
        assertThatThrownBy(() -> pool.registerMXBean())
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("orders is closed: nothing can be acquired from it any more");
        assertThat(SERVER.queryNames(new ObjectName("dev.perthread:*"), null)).isEmpty();
    }

    private static String registerAndForget(List<WeakReference<?>> dropped) {
        PerThread<Probe, RuntimeException> pool = builder().build();
        dropped.add(new WeakReference<>(pool));
        return pool.registerMXBean().objectName();
    }

    @Test
    void aDroppedHolderIsCollectedAndNoLongerShown() throws Exception {
        List<WeakReference<?>> dropped = new ArrayList<>();
        String name = registerAndForget(dropped);
        dropped.forEach(MemoryFollowsUseTest::untilCollected);
        Actor.until(() -> !isShown(name));
    }
}
