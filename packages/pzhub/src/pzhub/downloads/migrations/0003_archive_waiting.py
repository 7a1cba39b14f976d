from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ("downloads", "0002_bundles"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="archive",
            name="waiting",
            field=models.ManyToManyField(
                help_text="Who is told when it is ready.",
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
    ]
