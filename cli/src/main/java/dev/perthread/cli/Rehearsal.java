package dev.perthread.cli;

import dev.perthread.cli.console.ExitStatus;
import dev.perthread.cli.console.Output;
import java.util.ArrayList;
import java.util.List;

/**
 * The entry point of the run from which the launcher makes the archive that later starts take their classes from. It
 * fetches from the built-in server, with and without keeping the connections, and often enough that Java 25 also notes
 * which methods are worth compiling.
 */
public final class Rehearsal {
    private static final List<String> FETCH =
            List.of("fetch", "-q", "-n", "1000", "--timeout", "30", "--max-time", "30");

    private Rehearsal() {}

    /**
     * Fetches, and ends the process.
     *
     * @param args none
     */
    public static void main(String[] args) {
        Output output = new Output(System.out, System.err);
        List<String> keep = new ArrayList<>(FETCH);
        keep.add("--keep");
        for (List<String> command : List.of(FETCH, keep)) {
            int status = Main.run(command.toArray(String[]::new), output, new Main.Execution());
            if (status != ExitStatus.OK) {
                System.exit(status);
            }
        }
    }
}
