from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("uploads", "0004_upload_allowance")]

    operations = [
        migrations.AddField(
            model_name="inspection",
            name="described",
            field=models.JSONField(
                help_text="What else is told of a pickle or of an ensemble of densities.",
                null=True,
            ),
        ),
    ]
