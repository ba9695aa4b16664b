package dev.perthread.spring.boot;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.perthread.IdlePolicy;
import dev.perthread.PerThread;
import dev.perthread.testkit.Probe;
import dev.perthread.testkit.ThreadKind;
import java.io.IOException;
import java.time.Instant;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.springframework.beans.factory.support.DefaultListableBeanFactory;

class OpeningHealthTest {
    private static final String KINDS = "dev.perthread.testkit.ThreadKind#available";

    private final PoolBeans beans = new PoolBeans(new DefaultListableBeanFactory().getBeanProvider(PoolObserver.class));
    private volatile boolean fails;
    private final PerThread<Probe, IOException> pool = PerThread.<Probe, IOException>builder(() -> {
                if (fails) {
                    throw new IOException("no route\r\nto the host");
                }
                return new Probe();
            })
            .whenIdle(IdlePolicy.KEEP)
            .limit(1)
            .build();

    OpeningHealthTest() {
        beans.postProcessAfterInitialization(pool, "orders");
    }

    @AfterEach
    void close() {
        pool.close();
    }

    private OpeningHealth.State look(OpeningHealth health) {
        return health.look().get("orders");
    }

    private void failToOpen() {
        fails = true;
        assertThatThrownBy(() -> pool.run(Probe::use)).isInstanceOf(IOException.class);
    }

    @ParameterizedTest
    @MethodSource(KINDS)
    void pool_isDownFromTheFirstLookThatFailsToOpen_andUpAsSoonAsOneOpens(ThreadKind kind) throws Exception {
        kind.call(() -> {
            OpeningHealth health = new OpeningHealth(beans, true);
            assertThat(look(health).isDown()).isFalse();
            failToOpen();
            Instant before = Instant.now();
            OpeningHealth.State down = look(health);
            assertThat(down.downSince()).isBetween(before, Instant.now());
            assertThat(down.failure()).isEqualTo("java.io.IOException: no route\\u000d\\u000ato the host");
            assertThat(look(health)).isEqualTo(down);
            fails = false;
            assertThat(look(health).isDown()).isFalse();
            assertThat(pool.stats().open()).as("left by the look").isZero();
            return null;
        });
    }

    @ParameterizedTest
    @MethodSource(KINDS)
    void failureThatHasPassed_isForgiven(ThreadKind kind) throws Exception {
        kind.call(() -> {
            OpeningHealth health = new OpeningHealth(beans, true);
            failToOpen();
            fails = false;
            assertThat(look(health).isDown()).isFalse();
            return null;
        });
    }

    @ParameterizedTest
    @MethodSource(KINDS)
    void poolWithEverythingInUse_isNotDown(ThreadKind kind) throws Exception {
        failToOpen();
        fails = false;
        pool.run(probe -> kind.call(() -> {
            assertThat(look(new OpeningHealth(beans, true)).isDown()).isFalse();
            return null;
        }));
        pool.release();
    }

    @ParameterizedTest
    @MethodSource(KINDS)
    void withoutProbing_poolIsDownUntilSomebodyOpens(ThreadKind kind) throws Exception {
        kind.call(() -> {
            OpeningHealth health = new OpeningHealth(beans, false);
            failToOpen();
            OpeningHealth.State down = look(health);
            assertThat(down.isDown()).isTrue();
            fails = false;
            assertThat(look(health)).isEqualTo(down);
            pool.run(Probe::use);
            assertThat(look(health).isDown()).isFalse();
            pool.release();
            return null;
        });
    }

    @ParameterizedTest
    @MethodSource(KINDS)
    void closedPool_isNotLookedAt(ThreadKind kind) throws Exception {
        failToOpen();
        pool.close();
        assertThat(kind.call(() -> new OpeningHealth(beans, true).look()).isEmpty())
                .isTrue();
    }
}
