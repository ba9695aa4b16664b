// For core/planted-bugs: runs test classes one after the other and stops at the first failure.
package planted;

import static org.junit.platform.engine.discovery.DiscoverySelectors.selectClass;

import org.junit.platform.engine.CancellationToken;
import org.junit.platform.engine.TestExecutionResult;
import org.junit.platform.engine.support.descriptor.MethodSource;
import org.junit.platform.launcher.TestExecutionListener;
import org.junit.platform.launcher.TestIdentifier;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherExecutionRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;

final class UntilOneFails implements TestExecutionListener {
    private final CancellationToken cancellation = CancellationToken.create();
    private boolean failed;
    private int passed;

    private UntilOneFails() {}

    /** Takes class names; ends with 1 if a test fails, and its name is then the last line. */
    public static void main(String[] classes) throws Exception {
        for (String name : classes) {
            System.out.println("running " + name);
            UntilOneFails watch = new UntilOneFails();
            LauncherFactory.create()
                    .execute(LauncherExecutionRequestBuilder.request(LauncherDiscoveryRequestBuilder.request()
                                    .selectors(selectClass(Class.forName(name)))
                                    .configurationParameters(System.getProperties().stringPropertyNames().stream()
                                            .filter(key -> key.startsWith("junit."))
                                            .collect(
                                                    java.util.stream.Collectors.toMap(key -> key, System::getProperty)))
                                    .build())
                            .listeners(watch)
                            .cancellationToken(watch.cancellation)
                            .build());
            if (watch.failed) {
                System.exit(1); // whatever a bug has left running
            }
            if (watch.passed == 0) {
                System.out.println("no test ran in " + name);
                System.exit(2);
            }
        }
        System.exit(0);
    }

    @Override
    public synchronized void executionFinished(TestIdentifier test, TestExecutionResult result) {
        if (result.getStatus() == TestExecutionResult.Status.FAILED && !failed) {
            failed = true;
            result.getThrowable().ifPresent(failure -> failure.printStackTrace(System.out));
            String where = test.getSource()
                    .filter(MethodSource.class::isInstance)
                    .map(source -> (MethodSource) source)
                    .map(source -> source.getClassName() + "." + source.getMethodName())
                    .orElse(test.getDisplayName());
            System.out.println("caught by " + where.replace("dev.perthread.", ""));
            cancellation.cancel();
        } else if (test.isTest() && result.getStatus() == TestExecutionResult.Status.SUCCESSFUL) {
            passed++;
        }
    }

    @Override
    public void executionSkipped(TestIdentifier test, String reason) {
        passed++;
    }
}
