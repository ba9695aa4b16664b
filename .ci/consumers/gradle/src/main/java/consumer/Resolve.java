package consumer;

import java.io.File;
import java.util.Map;
import org.gradle.api.Project;
import org.gradle.testfixtures.ProjectBuilder;

/** Evaluates a directory's build.gradle by Gradle and prints a class path of it. */
final class Resolve {
    private Resolve() {}

    public static void main(String[] args) {
        File directory = new File(args[0]);
        Project project = ProjectBuilder.builder()
                .withProjectDir(directory)
                .withGradleUserHomeDir(new File(directory, "target/gradle"))
                .build();
        project.apply(Map.of("from", new File(directory, "build.gradle")));
        System.out.println(project.getConfigurations().getByName(args[1]).getAsPath());
        System.exit(0); // Gradle's threads are no daemons
    }
}
