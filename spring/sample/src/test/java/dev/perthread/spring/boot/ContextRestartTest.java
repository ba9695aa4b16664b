package dev.perthread.spring.boot;

import static org.assertj.core.api.Assertions.assertThat;

import dev.perthread.testkit.Actor;
import java.io.File;
import java.io.IOException;
import java.lang.ref.WeakReference;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.concurrent.FutureTask;
import org.junit.jupiter.api.Test;

/** As an application server or a restarting developer's tool does it: a class loader for each life of the application. */
class ContextRestartTest {

    private static URL[] classPath() throws IOException {
        String[] entries = System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"))
                .split(File.pathSeparator, -1);
        URL[] urls = new URL[entries.length];
        for (int i = 0; i < entries.length; i++) {
            urls[i] = Path.of(entries[i]).toUri().toURL();
        }
        return urls;
    }

    private static WeakReference<ClassLoader> liveOnce(URL[] classPath) throws Exception {
        try (URLClassLoader own = new URLClassLoader(classPath, ClassLoader.getPlatformClassLoader())) {
            Runnable life = (Runnable) own.loadClass("dev.perthread.spring.boot.ApplicationLife")
                    .getDeclaredConstructor()
                    .newInstance();
            assertThat(life.getClass().getClassLoader()).isSameAs(own);
            FutureTask<Object> task = new FutureTask<>(life, "done");
            Thread main = new Thread(task, "restarted-main");
            main.setContextClassLoader(own);
            main.start();
            assertThat(task.get()).isEqualTo("done");
            main.join();
            return new WeakReference<>(own);
        }
    }

    /**
     * Before Java 20 a method handle of the JDK refers strongly to the type that it was last adapted to (JDK-8078641): linking the
     * hashCode of a record keeps that record's class loader until another one is linked. So the last life is not looked at there.
     */
    @Test
    void classLoader_isCollected_whenTheContextHasClosed() throws Exception {
        URL[] classPath = classPath();
        assertThat(Arrays.toString(classPath)).contains("perthread-spring-boot-starter");
        WeakReference<?> first = liveOnce(classPath);
        WeakReference<?> second = liveOnce(classPath);
        boolean lastIsKeptByTheJdk = Runtime.version().feature() < 20;
        Actor.until(() -> {
            System.gc();
            return first.refersTo(null) && (lastIsKeptByTheJdk || second.refersTo(null));
        });
    }
}
