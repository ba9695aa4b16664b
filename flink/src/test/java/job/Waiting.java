package job;

import dev.perthread.ref.PerThreadRef;
import dev.perthread.testkit.CountedClient;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.locks.LockSupport;

/** Has its connection, and then waits until it may go on. Leaves the closing to the end of the job. */
public class Waiting extends Noted {
    private static final long serialVersionUID = 1;

    private final String gate;

    /**
     * One.
     *
     * @param gate a file that is there when it may go on
     */
    public Waiting(PerThreadRef<CountedClient, IOException> ref, String gate) {
        super(ref);
        this.gate = gate;
    }

    @Override
    public String map(Long number) throws IOException {
        String here = super.map(number);
        while (!Files.exists(Path.of(gate)) && !Thread.currentThread().isInterrupted()) {
            LockSupport.parkNanos(20_000_000);
        }
        return here;
    }

    @Override
    public void close() {
        // nothing
    }
}
