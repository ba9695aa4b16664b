// A few threads that set, find and remove values while another looks, sweeps or closes: see StoreModelTest.
package dev.perthread;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import model.Explorer;
import model.Hooks;
import model.Setting;

/** The threads have colliding hashes, and others have been there before, so that a rebuild is near. */
@SuppressWarnings("exports") // public, because the explorer makes it, in another class loader
public final class StoreModel implements Explorer.Scenario {

    /** What another thread does meanwhile. */
    enum Danger {
        NONE,
        LOOK,
        SWEEP,
        CLOSE
    }

    private final Setting setting;
    private final Danger danger;
    private final ThreadStore<Integer> store;
    private final List<Integer> calledBack = new ArrayList<>();
    private final List<Integer> taken = new ArrayList<>(); // values that the store has accepted
    private boolean closing;

    public StoreModel(Setting setting) {
        this.setting = setting;
        this.danger = Danger.valueOf(setting.danger());
        this.store = ThreadStore.<Integer>builder()
                .onRemove((thread, value) -> {
                    promise(isOf(thread, value), "a value under another thread");
                    promise(!calledBack.contains(value), "called back twice");
                    calledBack.add(value);
                })
                .build();
        for (int i = 0; i < setting.limit(); i++) {
            int other = i;
            Hooks.as(i, () -> store.set(other + 10 * other));
            taken.add(other + 10 * other);
        }
    }

    private static void promise(boolean kept, String what) {
        if (!kept) {
            throw new AssertionError(what);
        }
    }

    /** Values end with the number of their thread. Outside of the exploration, when classes are loaded, there is one. */
    private static boolean isOf(Thread thread, int value) {
        return thread.getName().endsWith(String.valueOf(value % 10))
                || thread.getName().equals("outside");
    }

    private void use(int number) {
        for (int scope = 1; scope <= setting.scopes(); scope++) {
            Hooks.forget(scope, null);
            int value = 100 * scope + number;
            try {
                store.set(value);
                taken.add(value);
            } catch (IllegalStateException closed) {
                promise(closing, "closed by nobody");
                return;
            }
            Hooks.forget(10 + scope, null);
            Optional<Integer> found = store.find();
            promise(found.isPresent() || closing, "its own value is not found");
            promise(found.orElse(value) == value, "another value is found");
            Optional<Integer> removed = store.remove();
            promise(removed.isPresent() || closing, "its own value was not there to remove");
            promise(store.find().isEmpty(), "found after it was removed");
        }
        if (number == 1) {
            store.set(1_000 + number); // left behind
            taken.add(1_000 + number);
        }
    }

    private void look() {
        store.forEach((thread, value) -> promise(isOf(thread, value), "a value under another thread"));
    }

    @Override
    public List<Runnable> actors(List<Thread> threads) {
        List<Runnable> actors = new ArrayList<>();
        for (int i = 1; i <= setting.users(); i++) {
            int number = i;
            actors.add(() -> {
                try {
                    use(number);
                } catch (IllegalStateException closed) {
                    promise(closing, "closed by nobody");
                }
            });
        }
        switch (danger) {
            case NONE -> {}
            case LOOK -> actors.add(this::look);
            case SWEEP -> actors.add(() -> store.sweep(owner -> {}));
            case CLOSE ->
                actors.add(() -> {
                    closing = true;
                    store.close();
                });
        }
        return actors;
    }

    @Override
    public boolean stuck() {
        return false;
    }

    @Override
    public void end() {
        store.sweep(owner -> {});
        promise(store.size() == 0, "left behind: " + store.size());
        store.close();
        promise(calledBack.containsAll(taken), "taken " + taken + ", called back " + calledBack);
        promise(calledBack.size() == taken.size(), "called back " + calledBack + ", taken " + taken);
    }
}
