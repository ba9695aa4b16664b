package dev.perthread;

import static org.assertj.core.api.Assertions.assertThat;

import dev.perthread.testkit.Actor;
import dev.perthread.testkit.Application;
import dev.perthread.testkit.LogLines;
import dev.perthread.testkit.ThreadKind;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Invariant 10: user code run by a thread of the library sees the context class loader of its own class. */
class ContextLoaderTest {

    @ParameterizedTest
    @MethodSource(Matrix.KINDS)
    void whatAThreadOfTheLibraryRunsForADeadThread_seesTheLoaderOfItsOwnClass(ThreadKind kind) throws Exception {
        LogLines.expect("ended without closing its lease");
        Map<String, Object> seen = new ConcurrentHashMap<>();
        try (Application application = new Application(false)) {
            @SuppressWarnings("unchecked") // it says so itself
            Callable<List<? extends AutoCloseable>> user = (Callable<List<? extends AutoCloseable>>) application
                    .loadClass("outside.SeesItsLoader")
                    .getConstructor(Map.class)
                    .newInstance(seen);
            List<? extends AutoCloseable> used = kind.call(user);
            seen.remove("leaked lease");
            Actor.until(() -> seen.size() == 5);
            assertThat(seen)
                    .containsOnlyKeys("onRemove", "default closer", "leaked", "closer", "closed THREAD_ENDED")
                    .allSatisfy((what, loader) -> assertThat(loader).as(what).isSameAs(application));
            for (AutoCloseable each : used) {
                each.close();
            }
        }
    }

    @ParameterizedTest
    @MethodSource(Matrix.KINDS)
    void aThreadOfTheUser_keepsTheContextLoaderThatItHas(ThreadKind kind) throws Exception {
        ClassLoader mine = new ClassLoader(null) {};
        AtomicReference<ClassLoader> seen = new AtomicReference<>();
        ClassLoader after = kind.call(() -> {
            Thread.currentThread().setContextClassLoader(mine);
            PerThread<Object, RuntimeException> pool = PerThread.<Object, RuntimeException>builder(
                            Object::new, Closer.none())
                    .closer(resource -> seen.set(Thread.currentThread().getContextClassLoader()))
                    .build();
            pool.run(resource -> {});
            pool.close();
            return Thread.currentThread().getContextClassLoader();
        });
        assertThat(seen).hasValue(mine);
        assertThat(after).isSameAs(mine);
    }

    @Test
    void theContextLoader_isTakenAwayAfterTheCallWhateverTheCodeDidToIt() {
        Thread me = Thread.currentThread();
        ClassLoader mine = me.getContextClassLoader();
        try {
            me.setContextClassLoader(null);
            boolean entered = ContextLoader.enter(this);
            assertThat(me.getContextClassLoader()).isSameAs(getClass().getClassLoader());
            me.setContextClassLoader(mine);
            ContextLoader.leave(entered);
            assertThat(me.getContextClassLoader()).isNull();
        } finally {
            me.setContextClassLoader(mine);
        }
    }

    @Test
    void theLibrarysOwnStandIn_runsWithTheLoaderOfTheUsersCode() {
        Thread me = Thread.currentThread();
        ClassLoader mine = me.getContextClassLoader();
        try {
            me.setContextClassLoader(null);
            boolean entered = ContextLoader.enter(CloseReason.EVICTED, "of the JDK, which has no loader");
            assertThat(entered).isTrue();
            assertThat(me.getContextClassLoader()).isNull();
            ContextLoader.leave(entered);
        } finally {
            me.setContextClassLoader(mine);
        }
    }
}
