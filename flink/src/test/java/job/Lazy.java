package job;

import dev.perthread.flink.JobResources;
import dev.perthread.net.Connection;
import dev.perthread.ref.LazyConnectionRef;
import dev.perthread.testkit.CountedClient;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import lib.Loaders;
import org.apache.flink.api.common.functions.OpenContext;
import org.apache.flink.api.common.functions.RichMapFunction;

/** The same with a connection of this library's own; leaves the closing to the end of the job. */
public class Lazy extends RichMapFunction<Long, String> {
    private static final long serialVersionUID = 1;

    private final LazyConnectionRef ref;

    public Lazy(LazyConnectionRef ref) {
        this.ref = ref;
    }

    @Override
    public void open(OpenContext context) {
        JobResources.closeOnRelease(ref, getRuntimeContext());
        Loaders.note(ref.id(), getClass().getClassLoader());
        Loaders.note(ref.id(), getRuntimeContext().getUserCodeClassLoader());
    }

    @Override
    public String map(Long number) throws IOException {
        try (Connection connection = ref.open()) {
            String question = ref.id() + " " + CountedClient.here() + "\n";
            connection.send(question.getBytes(StandardCharsets.UTF_8));
            // The first line is answered "yes", and the others by themselves.
            StringBuilder answer = new StringBuilder();
            while (!answer.toString().endsWith("\n")) {
                answer.append(new String(connection.recv(100), StandardCharsets.UTF_8));
            }
            connection.done(); // the whole answer was read: the next may have it
            return CountedClient.here();
        }
    }
}
