package dev.perthread;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.stream.Stream;
import model.Explorer;
import model.Setting;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledForJreRange;
import org.junit.jupiter.api.condition.JRE;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The real code under every interleaving of a few threads, with a danger at every point: no deadlock, no lost permit, no
 * lost waiter, no resource closed under its user or twice, closed stays closed. Two users here; with {@code -Pcampaigns} each
 * way to close with prompt and with late stores, one setting of a million states and one of three users more.
 * {@code -Dtest.jvm.args=-Dperthread.model=full} has three threads everywhere: three users, with a fourth thread that evicts or reaps, or two and one that closes the holder. {@code =LEND} has three
 * users and the one that closes, for one policy, which takes an hour and more.
 */
@EnabledForJreRange(min = JRE.JAVA_21, disabledReason = "the actors are the JDK's continuations, which came with 21")
class LifecycleModelTest {
    private static final String FORM = System.getProperty("perthread.model", "");
    private static final boolean CAMPAIGN = Boolean.getBoolean("perthread.campaign");
    private static final boolean SHORT = FORM.isEmpty() && !CAMPAIGN;
    private static final boolean MOST = !FORM.isEmpty() && !FORM.equals("full");

    static Stream<Setting> settings() {
        return (MOST ? Stream.of(IdlePolicy.valueOf(FORM)) : Stream.of(IdlePolicy.values()))
                .flatMap(idle -> Stream.of(LifecycleModel.Danger.values()).flatMap(danger -> settings(idle, danger)));
    }

    private static Stream<Setting> settings(IdlePolicy idle, LifecycleModel.Danger danger) {
        String whenIdle = idle.name();
        String what = danger.name();
        Setting comesBackAlone = new Setting(whenIdle, what, 1, 1, 2, false); // to what it kept
        if (danger == LifecycleModel.Danger.VISITOR) {
            return Stream.of(comesBackAlone, new Setting(whenIdle, what, 1, 1, 2, true));
        }
        if (danger.changes() && FORM.isEmpty()) {
            return idle == IdlePolicy.CLOSE
                    ? Stream.of()
                    : Stream.of(comesBackAlone, new Setting(whenIdle, what, 1, 2, 1, false));
        }
        Setting prompt = new Setting(whenIdle, what, 1, 2, 1, false);
        Setting late = new Setting(whenIdle, what, 1, 2, 1, true);
        if (SHORT && idle == IdlePolicy.CLOSE) {
            return Stream.of(
                    prompt, comesBackAlone); // it has no store that is not fenced: the same states with late ones
        }
        if (SHORT && danger.closes()) {
            return Stream.of(danger == LifecycleModel.Danger.CLOSE_AT_ONCE ? prompt : late, comesBackAlone);
        }
        Stream<Setting> few = Stream.of(prompt, late, comesBackAlone);
        return Stream.concat(few, more(idle, danger));
    }

    private static Stream<Setting> more(IdlePolicy idle, LifecycleModel.Danger danger) {
        String whenIdle = idle.name();
        String what = danger.name();
        Setting comesBack = new Setting(whenIdle, what, 1, 2, 2, false);
        Setting three = new Setting(whenIdle, what, 2, 3, 1, false);
        Setting threeLate = new Setting(whenIdle, what, 2, 3, 1, true);
        if (FORM.isEmpty()) {
            if (idle != IdlePolicy.LEND || !CAMPAIGN) {
                return Stream.of();
            }
            return switch (danger) {
                case DEATH -> Stream.of(three);
                case REAPING -> Stream.of(comesBack); // who was told to look, and was given a place first, never did
                default -> Stream.of();
            };
        }
        if ((danger.closes() || danger.changes()) && !MOST) { // three users and one more have millions of states
            return Stream.of(
                    comesBack, new Setting(whenIdle, what, 2, 2, 1, false), new Setting(whenIdle, what, 2, 2, 1, true));
        }
        return Stream.of(comesBack, three, threeLate);
    }

    @ParameterizedTest
    @MethodSource("settings")
    @Timeout(3_600)
    void everyPromiseHoldsUnderEveryInterleaving(Setting setting) {
        long begin = System.nanoTime();
        Explorer.Result result = Explorer.explore("dev.perthread.LifecycleModel", setting);
        assertThat(result.steps()).isGreaterThan(10);
        System.out.printf(
                "model: %s: %,d states, %,d runs, %,d steps, %,d deep, %.1f s%n",
                setting,
                result.states(),
                result.runs(),
                result.steps(),
                result.deepest(),
                (System.nanoTime() - begin) / 1e9);
    }
}
