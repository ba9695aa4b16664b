// Mutation testing: makes a whole test class one test for pitest. Compiled with the profile pitest alone.
package dev.perthread;

import static org.junit.platform.engine.discovery.DiscoverySelectors.selectClass;

import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.junit.platform.engine.CancellationToken;
import org.junit.platform.engine.TestExecutionResult;
import org.junit.platform.launcher.LauncherExecutionRequest;
import org.junit.platform.launcher.TestExecutionListener;
import org.junit.platform.launcher.TestIdentifier;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherExecutionRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;

/**
 * Pitest would take each of some 800 invocations as a test of its own, and every process it starts runs all of them once
 * only to learn their names. With a class as the unit, a process for every mutant is affordable, and that is needed: a
 * mutant can leave parked threads or a broken reaper behind, at whose sight the next one would seem to be caught.
 *
 * <p>ModelTest and MillionThreadsTest are left out: each mutant that survives would run them all.
 */
class WholeClassesTest {

    /** Running it as a mutant's process, pitest calls everything once before it puts the mutant in. */
    private static final boolean MUTANT =
            System.getProperty("sun.java.command", "").contains("MutationTestMinion");

    private static final Set<Class<?>> LISTED = ConcurrentHashMap.newKeySet();

    @ParameterizedTest
    @ValueSource(
            classes = {
                IdlePolicyTest.class,
                SlotRegistryTest.class,
                CloseRaceTest.class,
                CloseTest.class,
                ClosedExactlyOnceTest.class,
                ResourceCloserTest.class,
                DeadThreadTest.class,
                ExpiryTest.class,
                FailureLeavesNothingTest.class,
                LimitRaceTest.class,
                LimitTest.class,
                ListenerTest.class,
                SnapshotAndStatsTest.class,
                MemoryFollowsUseTest.class,
                MessagesTest.class,
                NeverAClosedResourceTest.class,
                NoUserCodeUnderALockTest.class,
                HostileEnvironmentTest.class,
                ReentryTest.class,
                ScopeTest.class,
                SeenByItsOwnerAloneTest.class,
                ThreadStoreLifeTest.class,
                ThreadStoreTest.class,
                HandoffTest.class,
                WaitersTest.class
            })
    void passes(Class<?> tests) {
        if (MUTANT && LISTED.add(tests)) {
            return;
        }
        CancellationToken atFirstFailure = CancellationToken.create();
        FirstFailure first = new FirstFailure(atFirstFailure);
        LauncherExecutionRequest request = LauncherExecutionRequestBuilder.request(
                        LauncherDiscoveryRequestBuilder.request()
                                .selectors(selectClass(tests))
                                .configurationParameter("junit.jupiter.extensions.autodetection.enabled", "true")
                                .build())
                .listeners(first)
                .cancellationToken(atFirstFailure)
                .build();
        LauncherFactory.create().execute(request);
        if (first.failure != null) {
            throw new AssertionError(first.failure);
        }
    }

    private static final class FirstFailure implements TestExecutionListener {
        private final CancellationToken cancellation;
        volatile Throwable failure;

        FirstFailure(CancellationToken cancellation) {
            this.cancellation = cancellation;
        }

        @Override
        public void executionFinished(TestIdentifier test, TestExecutionResult result) {
            if (result.getStatus() == TestExecutionResult.Status.FAILED && failure == null) {
                failure = result.getThrowable().orElseGet(() -> new AssertionError(test.getDisplayName()));
                cancellation.cancel();
            }
        }
    }
}
