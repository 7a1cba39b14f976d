"""Addresses of pipelines and jobs."""

from django.urls import path

from pzhub.processes.pages import catalog, combine, common, joblist, jobs, releases, training, use

app_name = "processes"

urlpatterns = [
    path("compare/common", common.common, name="common"),
    path("pipelines", catalog.pipelines, name="pipelines"),
    path("pipelines/use", use.use, name="use"),
    path("pipelines/combine-redshift-catalogs", combine.combine, name="combine"),
    path(
        "pipelines/combine-redshift-catalogs/preflight", combine.preflight_panel, name="preflight"
    ),
    path("pipelines/training-set-maker", training.train, name="train"),
    path("pipelines/training-set-maker/preflight", training.training_panel, name="train_preflight"),
    path("jobs", joblist.jobs, name="jobs"),
    path("jobs/<int:pk>", jobs.job, name="job"),
    path("jobs/<int:pk>/live", jobs.job_live, name="job_live"),
    path("jobs/<int:pk>/log", jobs.job_log, name="job_log"),
    path("jobs/<int:pk>/log.txt", jobs.job_log_file, name="job_log_file"),
    path("jobs/<int:pk>/stop", jobs.stop, name="stop"),
    path("jobs/<int:pk>/rerun", jobs.rerun, name="rerun"),
    path("administration/releases", releases.releases, name="releases"),
    path("administration/releases/new", releases.release_new, name="release_new"),
    path("administration/releases/of/<slug:name>", releases.release, name="release"),
    path(
        "administration/releases/of/<slug:name>/check", releases.release_check, name="release_check"
    ),
]
